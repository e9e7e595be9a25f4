//! Makes the next report final after its window: mints its rewards to the vault and makes its root claimable. Anyone may send it.

use super::*;
use crate::{emission, events, token};

pub fn run(mut call: Call) -> Result {
    let (network_account, network) = call.network()?;
    let ledger = call.ledger(network)?;
    let distributor = call.distributor(network)?;
    let mint = call.at(&network.mint)?;
    let vault = call.at(&network.vault)?;
    let bonds = call.at(&network.bonds)?;
    let token_program = call.token_program(network)?;
    let epoch = call.data.u64()?;
    call.data.end()?;

    require!(epoch == ledger.next_final, Code::NotInOrder);
    let at = open_report(ledger, epoch)?;
    let report = ledger.reports[at];
    require!(syscalls::now()? >= report.claimable_at, Code::WindowOpen);
    ledger.reports[at].status = FINAL;
    ledger.next_final = epoch + 1;
    let key = *network_account.key();
    let (digest, root, total, leaf_count) = (report.digest, report.rewards_root, report.cumulative_total, report.leaf_count);
    events::emit(network_account, ReportFinalized { network: key, epoch, digest, rewards_root: root, cumulative_total: total, leaf_count });

    if report.status == CHALLENGED {
        let (account, challenge) = call.state_mut::<Challenge>()?;
        require!(same(&challenge.network, &key) && same(&challenge.digest, &digest), Code::WrongAccount);
        let challenger = call.any()?;
        require!(same(&challenge.challenger, challenger.key()) && challenger.is_writable(), Code::WrongAccount);
        events::emit(network_account, ChallengeSettled { network: key, epoch, digest, challenger: *challenger.key(), bond: network.challenge_bond, returned: 0 });
        account.close(challenger);
        token::Purse { program: token_program, authority: network_account, network }.burn(bonds, mint, network.challenge_bond);
    }

    let rewards = total - ledger.reports[slot(epoch - 1)].cumulative_total;
    let budget = emission::budget(network, epoch)?;
    require!(rewards <= budget && rewards <= u64::MAX as u128, Code::Overflow);
    if rewards > 0 {
        token::Purse { program: token_program, authority: network_account, network }.mint(mint, vault, rewards as u64);
    }
    events::emit(network_account, EpochMinted { network: key, epoch, rewards: rewards as u64, unallocated: (budget - rewards) as u64 });
    if leaf_count > 0 {
        distributor.previous = distributor.current;
        distributor.current = Root { root, epoch, leaf_count, cumulative_total: total };
        events::emit(network_account, RootAdvanced { network: key, epoch, root, leaf_count, cumulative_total: total });
    }
    Ok(())
}
