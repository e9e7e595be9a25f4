//! A device changes hands: a suspended one stays where it is, a waiting key dies, the receiver has a payout index.

use super::*;
use crate::events;

pub fn run(mut call: Call) -> Result {
    let owner = call.signer()?;
    let (network_account, _) = call.network()?;
    let (_, device) = call.own_device(network_account, owner)?;
    let to = *call.data.key()?;
    call.data.end()?;
    call.require_payout(network_account, &to)?;
    require!(device.status != SUSPENDED, Code::WrongDeviceStatus);
    drop_rotation(network_account, device);
    device.owner = to;
    events::emit(network_account, DeviceTransferred { network: *network_account.key(), token: device.token, from: *owner.key(), to });
    Ok(())
}
