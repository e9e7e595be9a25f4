//! Deposits into a provider's pool: the provider itself, who then has a payout index, or a delegator.

use super::*;
use crate::account::Maker;
use crate::{events, token};
use core::mem::size_of;

pub fn run(mut call: Call) -> Result {
    let staker = call.signer()?;
    let (network_account, network) = call.network()?;
    let staking = call.staking(network_account)?;
    let pool_account = call.any()?;
    let position_account = call.any()?;
    let source = call.any()?;
    let bonds = call.at(&network.bonds)?;
    let token_program = call.token_program(network)?;
    call.system_program()?;
    let provider = *call.data.key()?;
    let tokens = call.data.u64()?;
    let min_shares = call.data.u128()?;
    call.data.end()?;
    require!(tokens >= staking.min_deposit, Code::BelowMinimum);
    let key = network_account.key();
    let maker = Maker { payer: staker, program: call.program };
    if same(&provider, staker.key()) {
        call.require_payout(network_account, &provider)?;
    }
    if pool_account.length() == 0 {
        maker.make(pool_account, [seed(seeds::POOL), seed(key), seed(&provider), spare()], size_of::<Pool>(), call.program)?;
        let pool: &mut Pool = pool_account.fresh();
        pool.network = *key;
        pool.provider = provider;
    }
    if position_account.length() == 0 {
        maker.make(position_account, [seed(seeds::POSITION), seed(key), seed(&provider), seed(staker.key()), spare()], size_of::<Position>(), call.program)?;
        let position: &mut Position = position_account.fresh();
        position.network = *key;
        position.pool = *pool_account.key();
        position.staker = *staker.key();
    }
    let pool: &mut Pool = pool_account.load_mut(call.program)?;
    require!(same(&pool.network, key), Code::WrongAccount);
    require!(same(&pool.provider, &provider), Code::WrongAccount);
    let position: &mut Position = position_account.load_mut(call.program)?;
    require!(same(&position.pool, pool_account.key()), Code::WrongAccount);
    require!(same(&position.staker, staker.key()), Code::NotAuthorized);
    let shares = Stake { staking, pool, position }.join(tokens, min_shares)?;
    token::pull(token_program, source, bonds, staker, tokens);
    events::emit(network_account, StakeDeposited { network: *key, provider, staker: *staker.key(), tokens, shares });
    Ok(())
}
