//! Who was named takes over.

use super::*;
use crate::events;

pub fn run(mut call: Call) -> Result {
    let pending = call.signer()?;
    let (account, network) = call.state_mut::<Network>()?;
    call.own_program()?;
    call.data.end()?;
    require!(same(&network.pending_owner, pending.key()), Code::NotAuthorized);
    network.owner = *pending.key();
    network.pending_owner = SYSTEM;
    events::emit(account, OwnerChanged { network: *account.key(), owner: network.owner });
    Ok(())
}
