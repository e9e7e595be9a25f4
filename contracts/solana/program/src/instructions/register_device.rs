//! A device enters the network: its key signs, and its maker vouches. Anyone may send it: authority comes from the signatures.

use super::*;
use crate::account::Maker;
use crate::events;
use crate::registration::{self, Action, Registration};
use core::mem::size_of;

pub fn run(mut call: Call) -> Result {
    let payer = call.signer()?;
    let (network_account, network) = call.network()?;
    let (registry_account, registry) = call.registry(network_account)?;
    let (_, maker) = call.state_mut::<DeviceMaker>()?;
    let (_, model) = call.state::<DeviceModel>()?;
    let batch_account = call.any()?;
    let device_account = call.any()?;
    let r = Registration::read(&mut call.data)?;
    let f = r.fields;
    call.require_payout(network_account, &f.owner)?;
    let approving = call.any()?;
    let sysvar = call.any()?;
    call.system_program()?;
    let length = call.data.u32()? as usize;
    let signature = call.data.take(length)?;
    let length = call.data.u32()? as usize;
    let maker_signature = call.data.take(length)?;
    let proof = call.data.proof()?;
    call.data.end()?;

    let key = network_account.key();
    require!(same(&model.network, key), Code::WrongAccount);
    require!(same(&maker.network, key), Code::WrongAccount);
    require!(model.model_id == f.model_id, Code::WrongRegistration);
    require!(model.maker_id == maker.maker_id, Code::WrongAccount);
    require!(maker.active == 1, Code::MakerInactive);
    require!(maker.issued < maker.quota, Code::QuotaExceeded);
    let device_id = r.device_id()?;
    let digest = r.digest(&Action::register(network, registry_account), &device_id);
    if f.batch_id == 0 {
        registration::check_maker(&call, (&maker.account, &maker.approver), approving, &digest, maker_signature)?;
    } else {
        let batch: &mut DeviceBatch = batch_account.load_mut(call.program)?;
        require!(same(&batch.network, key), Code::WrongAccount);
        require!(batch.batch_id == f.batch_id, Code::WrongRegistration);
        require!(batch.maker_id == maker.maker_id, Code::WrongRegistration);
        registration::check_batch(batch, &device_id, f.model_id, proof)?;
        batch.registered += 1;
    }
    r.check_device(&digest, signature, sysvar)?;

    let maker_of = Maker { payer, program: call.program };
    maker_of.make(device_account, [seed(seeds::DEVICE), seed(key), seed(&device_id), spare()], size_of::<Device>(), call.program)?;
    maker.issued += 1;
    let token = registry.devices + 1;
    registry.devices = token;
    let registered_at = syscalls::now()?;
    let device: &mut Device = device_account.fresh();
    device.network = *key;
    device.token = token;
    device.owner = f.owner;
    device.model_id = f.model_id;
    device.status = ACTIVE;
    device.registered_at = registered_at;
    device.cell = f.cell;
    device.key_type = r.key_type;
    device.device_id = device_id;
    let (owner, model_id, batch_id, cell, metadata, key_type) = (f.owner, f.model_id, f.batch_id, f.cell, f.metadata, r.key_type);
    let event = DeviceRegistered { network: *key, token, device_id, owner, model_id, key_type, batch_id, cell, metadata, registered_at };
    events::emit_with(network_account, &event, r.public_key.len(), r.public_key);
    Ok(())
}
