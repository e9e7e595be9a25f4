//! Puts what is left of a thaw back into the active pool, at today's price.

use super::*;
use crate::events;

pub fn run(mut call: Call) -> Result {
    let staker = call.signer()?;
    let (network_account, _) = call.network()?;
    let mut stake = call.stake(network_account, staker)?;
    let thaw_id = call.data.u32()?;
    let min_shares = call.data.u128()?;
    call.data.end()?;
    let at = stake.find(thaw_id)?;
    let tokens = stake.take(at)?;
    let shares = stake.join(tokens, min_shares)?;
    events::emit(network_account, ThawCancelled { network: *network_account.key(), provider: stake.pool.provider, staker: *staker.key(), thaw_id, tokens, shares });
    Ok(())
}
