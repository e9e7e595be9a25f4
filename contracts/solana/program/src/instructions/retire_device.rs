//! Ends a device for ever. Not while it is suspended.

use super::*;

pub fn run(mut call: Call) -> Result {
    let owner = call.signer()?;
    let (network_account, _) = call.network()?;
    let (_, device) = call.own_device(network_account, owner)?;
    call.data.end()?;
    require!(device.status == ACTIVE, Code::WrongDeviceStatus);
    drop_rotation(network_account, device);
    set_status(network_account, device, RETIRED);
    Ok(())
}
