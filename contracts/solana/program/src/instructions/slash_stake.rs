//! Burns millionths of a pool's active and thawing stake alike. A million and more takes everything and voids shares and thaws; less leaves a
//! millionth of what the shares once cost, so that prices stay in range.

use super::*;
use crate::stake::{slashable, WHOLE_PPM};
use crate::{events, token};

pub fn run(mut call: Call) -> Result {
    let slasher = call.signer()?;
    let (network_account, network) = call.network()?;
    let staking = call.staking(network_account)?;
    let (_, pool) = call.pool(network_account)?;
    let bonds = call.at(&network.bonds)?;
    let mint = call.at(&network.mint)?;
    let token_program = call.token_program(network)?;
    let ppm = call.data.u32()?;
    let reason = *call.data.key()?;
    call.data.end()?;
    require!(same(&staking.slasher, slasher.key()), Code::NotSlasher);
    let (key, provider) = (*network_account.key(), pool.provider);
    let (active, thawing);
    if ppm >= WHOLE_PPM {
        (active, thawing) = (pool.tokens, pool.thawing_tokens);
        (pool.tokens, pool.shares, pool.thawing_tokens, pool.thawing_shares, pool.self_shares) = (0, 0, 0, 0, 0);
        pool.generation += 1;
        events::emit(network_account, PoolReset { network: key, provider, generation: pool.generation });
    } else {
        active = slashable(pool.tokens, pool.shares, ppm)?;
        thawing = slashable(pool.thawing_tokens, pool.thawing_shares, ppm)?;
        pool.tokens -= active;
        pool.thawing_tokens -= thawing;
    }
    // Both are in the network's token account, so their sum fits.
    token::Purse { program: token_program, authority: network_account, network }.burn(bonds, mint, active + thawing);
    events::emit(network_account, StakeSlashed { network: key, provider, active, thawing, reason });
    Ok(())
}
