//! Raises a bond.

use super::*;
use crate::{events, math, token};

pub fn run(mut call: Call) -> Result {
    let account = call.signer()?;
    let (network_account, network) = call.network()?;
    let operator = call.own_operator(network_account, account)?;
    let source = call.any()?;
    let bonds = call.at(&network.bonds)?;
    let token_program = call.token_program(network)?;
    let amount = call.data.u64()?;
    call.data.end()?;
    require!(operator.slashed == 0, Code::OperatorSlashed);
    require!(operator.exit_at == 0, Code::OperatorExiting);
    operator.bond = math::add(operator.bond, amount)?;
    token::pull(token_program, source, bonds, account, amount);
    events::emit(network_account, BondAdded { network: *network_account.key(), report_key: operator.report_key, amount, bond: operator.bond });
    Ok(())
}
