//! Where an operator is reached.

use super::*;
use crate::events;
use depin_interface::ENDPOINT;

pub fn run(mut call: Call) -> Result {
    let account = call.signer()?;
    let (network_account, _) = call.network()?;
    let operator = call.own_operator(network_account, account)?;
    let length = call.data.u32()? as usize;
    require!(length <= ENDPOINT, Code::BadData);
    let endpoint = call.data.take(length)?;
    call.data.end()?;
    store(operator, endpoint);
    events::emit(EndpointChanged { network: *network_account.key(), report_key: operator.report_key });
    Ok(())
}

/// At most ENDPOINT bytes.
pub fn store(operator: &mut Operator, endpoint: &[u8]) {
    operator.endpoint_length = endpoint.len() as u8;
    operator.endpoint = [0; ENDPOINT];
    unsafe { syscalls::copy(operator.endpoint.as_mut_ptr(), endpoint.as_ptr(), endpoint.len()) }
}
