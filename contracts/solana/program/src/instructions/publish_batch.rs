//! A maker approves devices in bulk by the root over them; the list itself is at `uri`.

use super::*;
use crate::account::Maker;
use crate::events;
use depin_interface::URI;
use core::mem::size_of;

pub fn run(mut call: Call) -> Result {
    let account = call.signer()?;
    let (network_account, _) = call.network()?;
    let (_, registry) = call.registry(network_account)?;
    let maker = call.own_maker(network_account, account)?;
    let batch_account = call.any()?;
    call.system_program()?;
    let root = *call.data.key()?;
    let count = call.data.u32()?;
    let uri = call.data.text(URI)?;
    call.data.end()?;
    let (key, batch_id) = (network_account.key(), registry.batches + 1);
    let id = batch_id.to_le_bytes();
    Maker { payer: account, program: call.program }.make(batch_account, [seed(seeds::BATCH), seed(key), seed(&id), spare()], size_of::<DeviceBatch>(), call.program)?;
    registry.batches = batch_id;
    let batch: &mut DeviceBatch = batch_account.fresh();
    batch.network = *key;
    batch.batch_id = batch_id;
    batch.maker_id = maker.maker_id;
    batch.root = root;
    batch.count = count;
    events::emit_with(network_account, &BatchPublished { network: *key, batch_id, maker_id: maker.maker_id, root, count }, uri.len(), uri);
    Ok(())
}
