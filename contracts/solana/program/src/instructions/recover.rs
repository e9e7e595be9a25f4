//! Replaces a set whose keys are lost, from the next epoch to be reported on.

use super::schedule_config::Installation;
use super::*;
use crate::{emission, math};

pub fn run(mut call: Call) -> Result {
    let set = Installation::take(&mut call)?;
    let ledger = &set.ledger;
    let epoch = ledger.last_epoch + 1;
    // Silent since the latest of the last acceptance, the last cancellation and the end of the period to be reported on.
    let mut since = emission::period(set.network, epoch)?.1;
    for moment in [ledger.last_accepted_at, ledger.last_cancelled_at] {
        if moment > since {
            since = moment;
        }
    }
    let report = ledger.reports[slot(epoch)];
    let cancelled_twice = report.epoch == epoch && report.cancellations >= 2;
    require!(cancelled_twice || syscalls::now()? >= math::later(since, set.network.recovery_silence), Code::RecoveryNotAllowed);
    // The set that is replaced could still sign this very epoch under its own config: its bonds wait for it.
    set.install(call, epoch, epoch)
}
