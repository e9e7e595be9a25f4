//! Puts a recipient that waited long enough into effect. Anyone may send it.

use super::*;
use crate::events;

pub fn run(mut call: Call) -> Result {
    let (network_account, _) = call.network()?;
    let payout = call.payout(network_account)?;
    call.data.end()?;
    require!(payout.ready_at != 0 && syscalls::now()? >= payout.ready_at, Code::RecipientNotReady);
    payout.recipient = payout.pending_recipient;
    payout.pending_recipient = SYSTEM;
    payout.ready_at = 0;
    events::emit(network_account, RecipientChanged { network: *network_account.key(), account: payout.account, recipient: payout.recipient });
    Ok(())
}
