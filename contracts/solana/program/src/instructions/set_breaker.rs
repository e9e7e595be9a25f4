//! The owner moves the breaker's capacity within its hard bounds; the lower one is above zero, so that claims can never be paused.

use super::claim::Meter;
use super::*;
use crate::events;

pub fn run(mut call: Call) -> Result {
    let owner = call.signer()?;
    let (network_account, network) = call.network()?;
    let distributor = call.distributor(network)?;
    let capacity = call.data.u64()?;
    call.data.end()?;
    require!(same(&network.owner, owner.key()), Code::NotAuthorized);
    require!(capacity >= distributor.min_capacity && capacity <= distributor.max_capacity, Code::CapacityOutOfBounds);
    // What drained so far drained at the old rate.
    Meter::at(distributor, syscalls::now()?).store(distributor);
    distributor.capacity = capacity;
    events::emit(network_account, BreakerChanged { network: *network_account.key(), capacity });
    Ok(())
}
