//! Where an operator is reached.

use super::*;
use crate::events;
use depin_interface::ENDPOINT;

pub fn run(mut call: Call) -> Result {
    let account = call.signer()?;
    let (network_account, _) = call.network()?;
    let operator = call.own_operator(network_account, account)?;
    let endpoint = call.data.text(ENDPOINT)?;
    call.data.end()?;
    store(operator, endpoint);
    events::emit_with(network_account, &EndpointChanged { network: *network_account.key(), report_key: operator.report_key }, endpoint.len(), endpoint);
    Ok(())
}

/// At most ENDPOINT bytes.
pub fn store(operator: &mut Operator, endpoint: &[u8]) {
    operator.endpoint_length = endpoint.len() as u8;
    operator.endpoint = [0; ENDPOINT];
    unsafe { syscalls::copy(operator.endpoint.as_mut_ptr(), endpoint.as_ptr(), endpoint.len()) }
}
