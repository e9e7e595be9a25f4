//! An account asks that somebody else be paid for it.

use super::*;
use crate::{events, math};
use depin_interface::CLOCK_TOLERANCE;

pub fn run(mut call: Call) -> Result {
    let account = call.signer()?;
    let (network_account, network) = call.network()?;
    let payout = call.payout(network_account)?;
    let recipient = *call.data.key()?;
    call.data.end()?;
    require!(same(&payout.account, account.key()), Code::NotAuthorized);
    require!(!same(&recipient, &SYSTEM), Code::ZeroKey);
    payout.pending_recipient = recipient;
    payout.ready_at = math::later(syscalls::now()?, math::later(network.recipient_delay, CLOCK_TOLERANCE));
    events::emit(network_account, RecipientScheduled { network: *network_account.key(), account: *account.key(), recipient, ready_at: payout.ready_at });
    Ok(())
}
