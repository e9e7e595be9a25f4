//! Opens a network's registry of devices, once.

use super::*;
use crate::account::Maker;
use crate::events;
use core::mem::size_of;

pub fn run(mut call: Call) -> Result {
    let owner = call.signer()?;
    let payer = call.signer()?;
    let (network_account, network) = call.network()?;
    let registry_account = call.any()?;
    call.system_program()?;
    let key_delay = call.data.u64()?;
    call.data.end()?;
    require!(same(&network.owner, owner.key()), Code::NotAuthorized);
    let key = network_account.key();
    Maker { payer, program: call.program }.make(registry_account, [seed(seeds::REGISTRY), seed(key), spare()], size_of::<DeviceRegistry>(), call.program)?;
    let registry: &mut DeviceRegistry = registry_account.fresh();
    registry.network = *key;
    registry.key_delay = key_delay;
    events::emit(network_account, RegistryOpened { network: *key, key_delay });
    Ok(())
}
