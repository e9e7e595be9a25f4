//! The owner names who may take over.

use super::*;
use crate::events;

pub fn run(mut call: Call) -> Result {
    let owner = call.signer()?;
    let (account, network) = call.state_mut::<Network>()?;
    call.own_program()?;
    let pending = *call.data.key()?;
    call.data.end()?;
    require!(same(&network.owner, owner.key()), Code::NotAuthorized);
    network.pending_owner = pending;
    events::emit(account, OwnerProposed { network: *account.key(), owner: network.owner, pending });
    Ok(())
}
