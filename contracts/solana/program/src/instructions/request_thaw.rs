//! A staker asks for stake: it leaves the active pool at once, and can be slashed until it is withdrawn.

use super::*;
use crate::events;

pub fn run(mut call: Call) -> Result {
    let staker = call.signer()?;
    let (network_account, _) = call.network()?;
    let mut stake = call.stake(network_account, staker)?;
    let shares = call.data.u128()?;
    let min_tokens = call.data.u64()?;
    call.data.end()?;
    let (tokens, thaw) = stake.thaw(shares, min_tokens)?;
    events::emit(network_account, ThawRequested {
        network: *network_account.key(),
        provider: stake.pool.provider,
        staker: *staker.key(),
        thaw_id: thaw.thaw_id,
        shares,
        tokens,
        thaw_shares: thaw.shares,
        ready_at: thaw.ready_at,
    });
    Ok(())
}
