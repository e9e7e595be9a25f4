//! The owner says where the device is.

use super::*;
use crate::events;

pub fn run(mut call: Call) -> Result {
    let owner = call.signer()?;
    let (network_account, _) = call.network()?;
    let (_, device) = call.own_device(network_account, owner)?;
    let cell = call.data.u64()?;
    call.data.end()?;
    require!(device.status == ACTIVE, Code::WrongDeviceStatus);
    device.cell = cell;
    events::emit(network_account, CellAsserted { network: *network_account.key(), token: device.token, cell });
    Ok(())
}
