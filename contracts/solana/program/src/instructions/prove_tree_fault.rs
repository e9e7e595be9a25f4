//! An objective fault of an open report's tree cancels it at once, without bond. Anyone may prove one.

use super::*;
use crate::crypto::Placed;
use crate::events;
use depin_interface::instructions::Leaf;

const WRONG_ACCOUNT: u8 = 0;
const DECREASED: u8 = 1;
const WRONG_PREFIX: u8 = 2;
const WRONG_TOTAL: u8 = 3;

/// A leaf with its proof, said to stand in the tree of `report`.
fn placed<'a>(data: &mut crate::data::Reader, domain: &'a Key, report: &'a Report) -> Result<Placed<'a>> {
    let (index, account, leaf, proof) = (data.u32()?, data.key()?, data.plain::<Leaf>()?, data.proof()?);
    Ok(Placed { domain, root: &report.rewards_root, leaf_count: report.leaf_count, index, account, leaf, proof })
}

pub fn run(call: Call) -> Result {
    prove(call, false)
}

/// The same with its arguments in the reporter's buffer, for proofs that exceed a transaction.
pub fn run_buffered(call: Call) -> Result {
    prove(call, true)
}

fn prove(mut call: Call, buffered: bool) -> Result {
    let reporter = call.signer()?;
    let (network_account, network) = call.network()?;
    let ledger = call.ledger(network)?;
    let distributor: &Distributor = call.at(&network.distributor)?.load(call.program)?;
    let payout_account = call.any()?;
    if buffered {
        call.data.end()?;
        call.data = super::write_buffer::read(&mut call, reporter)?;
    }
    let epoch = call.data.u64()?;
    let fault = call.data.u8()?;
    let report = ledger.reports[open_report(ledger, epoch)?];
    let parent = ledger.reports[slot(epoch - 1)];
    let leaf = placed(&mut call.data, &distributor.domain, &report)?;
    // Of the parent's tree for a decrease, of the report's own otherwise.
    let other = placed(&mut call.data, &distributor.domain, if fault == DECREASED { &parent } else { &report })?;
    call.data.end()?;

    leaf.check()?;
    let (cumulative, prefix) = (leaf.leaf.cumulative, leaf.leaf.prefix);
    let proven = match fault {
        WRONG_ACCOUNT => is_elsewhere(&call, network_account, payout_account, &leaf)?,
        DECREASED => {
            other.check()?;
            let before = other.leaf.cumulative;
            leaf.index == other.index && cumulative < before
        }
        WRONG_PREFIX if leaf.index == 0 => prefix != 0,
        WRONG_PREFIX => {
            other.check()?;
            let (before, under) = (other.leaf.prefix, other.leaf.cumulative);
            // A sum past 128 bits is no prefix either.
            other.index == leaf.index - 1 && before.checked_add(under) != Some(prefix)
        }
        WRONG_TOTAL => {
            let total = report.cumulative_total;
            leaf.index == report.leaf_count - 1 && prefix.checked_add(cumulative) != Some(total)
        }
        _ => false,
    };
    require!(proven, Code::NoFault);
    events::emit(network_account, TreeFaultProven { network: *network_account.key(), epoch, fault, index: leaf.index, reporter: *reporter.key() });
    cancel_report(network_account, ledger, epoch, 2)
}

/// Whether the leaf's account stands at another index than the leaf's, or has none. Accounts and indexes map one to one, so then another
/// account stands at the leaf's index.
fn is_elsewhere(call: &Call, network: Account, payout_account: Account, leaf: &Placed) -> Result<bool> {
    let (address, _) = syscalls::find_address(&[seed(seeds::PAYOUT), seed(network.key()), seed(leaf.account)], call.program)?;
    require!(same(&address, payout_account.key()), Code::WrongAddress);
    if !same(payout_account.owner(), call.program) {
        return Ok(true);
    }
    let payout: &Payout = payout_account.load(call.program)?;
    Ok(payout.index != leaf.index)
}
