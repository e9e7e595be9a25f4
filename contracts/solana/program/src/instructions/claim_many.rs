//! Many claims: exhausted ones are skipped before their proof is looked at, a bad proof refuses them all. Whose token account asks for a memo is skipped:
//! that is for its owner to mend, and no other's loss.

use super::claim::{leaf_count, Due, Meter};
use super::*;

pub fn run(mut call: Call) -> Result {
    let sender = call.signer()?;
    let (network_account, network) = call.network()?;
    let distributor = call.distributor(network)?;
    let vault = call.at(&network.vault)?;
    let token_program = call.token_program(network)?;
    let root = call.data.key()?;
    let count = call.data.u32()? as usize;
    let mut meter = Meter::at(distributor, syscalls::now()?);
    let leaf_count = leaf_count(distributor, root)?;
    require!(call.accounts.left() == 3 * count, Code::TooFewAccounts);
    let mut i = 0;
    while i < count {
        let mut due = Due::take(&mut call, network_account, distributor, sender)?;
        if due.unclaimed() == 0 {
            due.skip(network_account);
        } else {
            due.check_leaf(&distributor.domain, root, leaf_count)?;
            let amount = meter.admit(distributor, due.unclaimed(), due.third_party);
            if amount == 0 {
                due.skip(network_account);
            } else if !due.pay(network_account, network, vault, token_program, root, amount)? {
                meter.release(amount);
                due.skip(network_account);
            }
        }
        i += 1;
    }
    call.data.end()?;
    meter.store(distributor);
    Ok(())
}
