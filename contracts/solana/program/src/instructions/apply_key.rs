//! Puts a key that waited long enough into effect. Anyone may send it.

use super::*;
use crate::events;

pub fn run(mut call: Call) -> Result {
    let (network_account, _) = call.network()?;
    let (_, device) = call.device(network_account)?;
    call.data.end()?;
    require!(device.status == ACTIVE, Code::WrongDeviceStatus);
    require!(device.ready_at != 0 && syscalls::now()? >= device.ready_at, Code::RotationNotReady);
    let (old_device_id, new_device_id, key_type) = (device.device_id, device.pending_device_id, device.pending_key_type);
    device.device_id = new_device_id;
    device.key_type = key_type;
    device.pending_key_type = 0;
    device.pending_device_id = SYSTEM;
    device.ready_at = 0;
    events::emit(network_account, KeyRotated { network: *network_account.key(), token: device.token, old_device_id, new_device_id, key_type });
    Ok(())
}
