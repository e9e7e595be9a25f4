//! The network's owner keeps a device from being transferred, retired or re-keyed, and lets it go on.

use super::*;

pub fn suspend(call: Call) -> Result {
    change(call, ACTIVE, SUSPENDED)
}

pub fn reinstate(call: Call) -> Result {
    change(call, SUSPENDED, ACTIVE)
}

fn change(mut call: Call, from: u8, to: u8) -> Result {
    let owner = call.signer()?;
    let (network_account, network) = call.network()?;
    let (_, device) = call.device(network_account)?;
    call.data.end()?;
    require!(same(&network.owner, owner.key()), Code::NotAuthorized);
    require!(device.status == from, Code::WrongDeviceStatus);
    set_status(network_account, device, to);
    Ok(())
}
