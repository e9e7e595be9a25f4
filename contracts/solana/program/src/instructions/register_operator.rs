//! An operator with its keys and its bond. Anyone may be one; the owner chooses who is in a set.

use super::*;
use crate::account::Maker;
use crate::{events, token};
use depin_interface::{Address, ENDPOINT};
use core::mem::size_of;

pub fn run(mut call: Call) -> Result {
    let account = call.signer()?;
    let (network_account, network) = call.network()?;
    let operator_account = call.any()?;
    let used_account = call.any()?;
    let source = call.any()?;
    let bonds = call.at(&network.bonds)?;
    let token_program = call.token_program(network)?;
    call.system_program()?;
    let report_key = *call.data.plain::<Address>()?;
    let protocol_key = *call.data.key()?;
    let bond = call.data.u64()?;
    let endpoint = call.data.text(ENDPOINT)?;
    call.data.end()?;

    require!(report_key != [0; 20] && !same(&protocol_key, &SYSTEM), Code::ZeroKey);
    require!(bond >= network.min_bond, Code::BondTooLow);
    let key = network_account.key();
    Maker { payer: account, program: call.program }.make(operator_account, [seed(seeds::OPERATOR), seed(key), seed(&report_key), spare()], size_of::<Operator>(), call.program)?;
    Maker { payer: account, program: call.program }.make(used_account, [seed(seeds::PROTOCOL_KEY), seed(key), seed(&protocol_key), spare()], size_of::<UsedKey>(), call.program)?;
    let used: &mut UsedKey = used_account.fresh();
    used.network = *key;
    used.operator = *operator_account.key();
    let operator: &mut Operator = operator_account.fresh();
    operator.network = *key;
    operator.account = *account.key();
    operator.report_key = report_key;
    operator.protocol_key = protocol_key;
    operator.bond = bond;
    super::set_endpoint::store(operator, endpoint);
    token::pull(token_program, source, bonds, account, bond);
    events::emit_with(network_account, &OperatorRegistered { network: *key, report_key, account: *account.key(), protocol_key, bond }, endpoint.len(), endpoint);
    Ok(())
}
