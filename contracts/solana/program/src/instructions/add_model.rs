//! A maker adds a model, which names the resource class of its devices.

use super::*;
use crate::account::Maker;
use crate::events;
use depin_interface::instructions::ModelSettings;
use core::mem::size_of;

pub fn run(mut call: Call) -> Result {
    let account = call.signer()?;
    let (network_account, _) = call.network()?;
    let (_, registry) = call.registry(network_account)?;
    let maker = call.own_maker(network_account, account)?;
    let model_account = call.any()?;
    call.system_program()?;
    let s = *call.data.plain::<ModelSettings>()?;
    call.data.end()?;
    let (key, model_id) = (network_account.key(), registry.models + 1);
    let id = model_id.to_le_bytes();
    Maker { payer: account, program: call.program }.make(model_account, [seed(seeds::MODEL), seed(key), seed(&id), spare()], size_of::<DeviceModel>(), call.program)?;
    registry.models = model_id;
    let model: &mut DeviceModel = model_account.fresh();
    model.network = *key;
    model.model_id = model_id;
    model.maker_id = maker.maker_id;
    model.class = s.class;
    model.capabilities = s.capabilities;
    model.cadence = s.cadence;
    model.metadata = s.metadata;
    let (class, capabilities, cadence, metadata) = (s.class, s.capabilities, s.cadence, s.metadata);
    events::emit(network_account, ModelAdded { network: *key, model_id, maker_id: maker.maker_id, class, capabilities, cadence, metadata });
    Ok(())
}
