//! Accepts the next epoch's report on exactly q signatures. Anyone may send it: authority comes from the signatures.

use super::*;
use crate::{crypto, emission, events, math};
use depin_interface::{CLOCK_TOLERANCE, REPORT_LENGTH, RING};

pub fn run(mut call: Call) -> Result {
    let (network_account, network) = call.network()?;
    let ledger = call.ledger(network)?;
    let (_, config) = call.config(network_account)?;
    let report = crypto::Report::read(call.data.plain::<[u8; REPORT_LENGTH]>()?)?;
    let bitmap = call.data.u32()?;
    let count = call.data.u32()? as usize;
    let signatures = call.data.take(count * 64)?;
    call.data.end()?;

    check(network, ledger, config, &report)?;
    let digest = report.digest();
    require!(bitmap.count_ones() == config.q as u32, Code::WrongSignerCount);
    check_signatures(config, &digest, bitmap, signatures)?;
    accept(network_account, network, ledger, &report, digest, bitmap)
}

/// Everything but the signatures. Each condition is frozen when the period starts or is in the report itself; the one live value, the
/// number of payout accounts, only grows. So an honest report stays acceptable.
pub fn check(network: &Network, ledger: &Ledger, config: &Config, r: &crypto::Report) -> Result {
    let epoch = ledger.last_epoch + 1;
    require!(r.epoch() == epoch, Code::EpochNotNext);
    require!(r.generation() == ledger.generation, Code::WrongGeneration);
    // The oldest open report's parent must stay in the ring; `finalize` is anyone's to call.
    require!(epoch - ledger.next_final < RING as u64 - 1, Code::RingFull);
    let (start, end) = emission::period(network, epoch)?;
    require!(r.period_start() == start && r.period_end() == end, Code::WrongPeriod);
    require!(syscalls::now()? >= end, Code::PeriodNotOver);
    let parent = &ledger.reports[slot(epoch - 1)];
    require!(same(r.previous_digest(), &parent.digest), Code::WrongParent);

    let (total, parent_total) = (r.cumulative_total(), parent.cumulative_total);
    require!(total >= parent_total, Code::TotalDecreased);
    let spent = (total - parent_total).checked_add(r.unallocated());
    require!(spent == Some(emission::budget(network, epoch)?), Code::NotBudget);
    let leaves = r.leaf_count();
    require!(leaves >= parent.leaf_count && leaves <= ledger.payout_count && (leaves != 0 || total == 0), Code::WrongLeafCount);
    require!(same(r.rewards_root(), &SYSTEM) == (leaves == 0), Code::EmptyRoot);
    require!(config.count == config_in_force(ledger, epoch)?, Code::WrongConfig);
    require!(same(r.config_digest(), &config.digest), Code::WrongConfig);
    Ok(())
}

/// Signatures of the members whose bits are set, in their order: distinct because the members ascend strictly.
pub fn check_signatures(config: &Config, digest: &Key, bitmap: u32, signatures: &[u8]) -> Result {
    require!(bitmap.count_ones() as usize * 64 == signatures.len(), Code::WrongSignerCount);
    require!(bitmap >> config.n == 0, Code::UnknownSigner);
    let (mut i, mut at) = (0, 0);
    while at < signatures.len() {
        if (bitmap >> i) & 1 == 1 {
            let signer = crypto::recover(digest, &signatures[at..at + 64])?;
            require!(crypto::same_address(&signer, &config.members[i].report_key), Code::BadSignature);
            at += 64;
        }
        i += 1;
    }
    Ok(())
}

/// Puts a checked report at the head.
#[inline(always)]
pub fn accept(network_account: Account, network: &Network, ledger: &mut Ledger, r: &crypto::Report, digest: Key, signers: u32) -> Result {
    let (epoch, now) = (r.epoch(), syscalls::now()?);
    let claimable_at = math::later(now, math::later(network.challenge_window, CLOCK_TOLERANCE));
    let entry = &mut ledger.reports[slot(epoch)];
    let cancellations = if entry.epoch == epoch { entry.cancellations } else { 0 };
    *entry = Report {
        epoch,
        digest,
        rewards_root: *r.rewards_root(),
        cumulative_total: r.cumulative_total(),
        leaf_count: r.leaf_count(),
        claimable_at,
        status: PENDING,
        cancellations,
    };
    ledger.last_epoch = epoch;
    ledger.last_accepted_at = now;
    events::emit(network_account, ReportAccepted { network: *network_account.key(), epoch, generation: ledger.generation, digest, signers, claimable_at, report: *r.0 });
    Ok(())
}
