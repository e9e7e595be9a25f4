//! Starts a bond's thaw: only once the last epoch that its operator could sign is final.

use super::*;
use crate::{events, math};
use depin_interface::CLOCK_TOLERANCE;

pub fn run(mut call: Call) -> Result {
    let account = call.signer()?;
    let (network_account, network) = call.network()?;
    let operator = call.own_operator(network_account, account)?;
    let ledger = call.ledger_to_read(network)?;
    require!(operator.slashed == 0, Code::OperatorSlashed);
    require!(operator.exit_at == 0, Code::OperatorExiting);
    if operator.last_config != 0 {
        let (_, config) = call.config(network_account)?;
        require!(config.count == operator.last_config, Code::WrongConfig);
        require!(config.last_epoch < ledger.next_final, Code::BondLocked);
    }
    call.data.end()?;
    operator.exit_at = math::later(syscalls::now()?, math::later(network.bond_thaw, CLOCK_TOLERANCE));
    events::emit(network_account, ExitRequested { network: *network_account.key(), report_key: operator.report_key, exit_at: operator.exit_at });
    Ok(())
}
