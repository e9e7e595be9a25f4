//! The owner schedules a new key, which signs itself. Replaces a key that waits; a transfer cancels it.

use super::*;
use crate::account::Maker;
use crate::registration::{Action, Registration};
use crate::{events, math};
use depin_interface::CLOCK_TOLERANCE;
use core::mem::size_of;

pub fn run(mut call: Call) -> Result {
    let owner = call.signer()?;
    let (network_account, network) = call.network()?;
    let (registry_account, registry) = call.registry_to_read(network_account)?;
    let (device_account, device) = call.own_device(network_account, owner)?;
    let key_account = call.any()?;
    let sysvar = call.any()?;
    call.system_program()?;
    let r = Registration::read(&mut call.data)?;
    let length = call.data.u32()? as usize;
    let signature = call.data.take(length)?;
    call.data.end()?;

    let f = r.fields;
    require!(device.status == ACTIVE, Code::WrongDeviceStatus);
    require!(same(&f.owner, owner.key()), Code::WrongRegistration);
    require!(f.model_id == device.model_id, Code::WrongRegistration);
    require!(f.batch_id == 0, Code::WrongRegistration);
    let device_id = r.device_id()?;
    let digest = r.digest(&Action::rotate(network, registry_account, device.token), &device_id);
    r.check_device(&digest, signature, sysvar)?;

    let (key, token) = (network_account.key(), device.token);
    Maker { payer: owner, program: call.program }.make(key_account, [seed(seeds::DEVICE), seed(key), seed(&device_id), spare()], size_of::<DeviceKey>(), call.program)?;
    let used: &mut DeviceKey = key_account.fresh();
    used.network = *key;
    used.device = *device_account.key();
    used.token = token;
    drop_rotation(network_account, device);
    let ready_at = math::later(syscalls::now()?, math::later(registry.key_delay, CLOCK_TOLERANCE));
    device.pending_key_type = r.key_type;
    device.pending_device_id = device_id;
    device.ready_at = ready_at;
    events::emit_with(network_account, &KeyRotationScheduled { network: *key, token, device_id, key_type: r.key_type, ready_at }, r.public_key.len(), r.public_key);
    Ok(())
}
