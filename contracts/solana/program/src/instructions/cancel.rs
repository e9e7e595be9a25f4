//! The arbiter voids an open report and all after it; it can never choose another.

use super::*;

pub fn run(mut call: Call) -> Result {
    let arbiter = call.signer()?;
    let (network_account, network) = call.network()?;
    let ledger = call.ledger(network)?;
    let epoch = call.data.u64()?;
    call.data.end()?;
    require!(same(&network.arbiter, arbiter.key()), Code::NotAuthorized);
    cancel_report(network_account, ledger, epoch, 1)
}
