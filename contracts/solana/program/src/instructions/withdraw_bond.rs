//! Pays a bond out after its thaw. An exit starts only when the last epoch is final, and final is for ever.

use super::*;
use crate::{events, token};

pub fn run(mut call: Call) -> Result {
    let account = call.signer()?;
    let (network_account, network) = call.network()?;
    let operator = call.own_operator(network_account, account)?;
    let bonds = call.at(&network.bonds)?;
    let to = call.any()?;
    let token_program = call.token_program(network)?;
    call.data.end()?;
    require!(operator.slashed == 0, Code::OperatorSlashed);
    require!(operator.exit_at != 0 && syscalls::now()? >= operator.exit_at, Code::BondLocked);
    let amount = operator.bond;
    operator.bond = 0;
    token::Purse { program: token_program, authority: network_account, network }.push(bonds, to, amount);
    events::emit(network_account, BondWithdrawn { network: *network_account.key(), report_key: operator.report_key, amount });
    Ok(())
}
