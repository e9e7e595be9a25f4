//! One share pool a provider: the rules of `ProviderStaking`. Shares and tokens convert against a pool that carries a thousand shares and one
//! token of nobody's, rounded against the staker, so that the first depositor gains nothing by a donation. Pools count what was deposited.

use crate::guard::Result;
use crate::math;
use crate::syscalls;
use depin_interface::accounts::{Pool, Position, Staking, Thaw};
use depin_interface::{Code, CLOCK_TOLERANCE, MAX_THAWS};

const VIRTUAL_SHARES: u128 = 1_000;
const VIRTUAL_TOKENS: u128 = 1;
pub const WHOLE_PPM: u32 = 1_000_000;
/// Partial slashes leave at least one token per so many shares, a millionth of the first price: shares then always stay below 2^96, and
/// no exit can fail for an overflow.
const MAX_SHARES_PER_TOKEN: u128 = VIRTUAL_SHARES * 1_000_000;

#[inline(always)]
pub fn to_shares(tokens: u64, pool_shares: u128, pool_tokens: u64) -> Result<u128> {
    math::multiply_divide_wide(tokens as u128, pool_shares + VIRTUAL_SHARES, pool_tokens as u128 + VIRTUAL_TOKENS)
}

/// At most the pool's tokens, for at most the pool's shares.
#[inline(always)]
pub fn to_tokens(shares: u128, pool_shares: u128, pool_tokens: u64) -> Result<u64> {
    Ok(math::multiply_divide_wide(shares, pool_tokens as u128 + VIRTUAL_TOKENS, pool_shares + VIRTUAL_SHARES)? as u64)
}

/// What a slash of `ppm` millionths takes.
pub fn slashable(tokens: u64, shares: u128, ppm: u32) -> Result<u64> {
    // Shares are below 2^96 and the divisor is above 2^29, so the quotient fits.
    let floor = math::multiply_divide_wide(shares, 1, MAX_SHARES_PER_TOKEN)?;
    if tokens as u128 <= floor {
        return Ok(0);
    }
    Ok(math::multiply_divide(tokens, ppm as u64, WHOLE_PPM).min(tokens - floor as u64))
}

/// A staker in a pool.
pub struct Stake {
    pub staking: &'static Staking,
    pub pool: &'static mut Pool,
    pub position: &'static mut Position,
}

impl Stake {
    pub fn is_provider(&self) -> bool {
        crate::account::same(&self.pool.provider, &self.position.staker)
    }

    /// Shares of an older generation are gone; open thaws remain to be closed.
    fn refresh(&mut self) {
        if self.position.generation != self.pool.generation {
            self.position.shares = 0;
            self.position.generation = self.pool.generation;
        }
    }

    /// Adds `tokens` to the pool, whether they come from outside or from a thaw.
    pub fn join(&mut self, tokens: u64, min_shares: u128) -> Result<u128> {
        self.refresh();
        let whole = self.pool.tokens as u128 + self.pool.thawing_tokens as u128 + tokens as u128;
        require!(whole <= self.staking.pool_cap as u128, Code::CapExceeded);
        let shares = to_shares(tokens, self.pool.shares, self.pool.tokens)?;
        require!(shares > 0, Code::ZeroAmount);
        require!(shares >= min_shares, Code::Slippage);
        self.pool.tokens += tokens;
        self.pool.shares += shares;
        if self.is_provider() {
            self.pool.self_shares += shares;
        } else {
            let (own, ratio) = (self.pool.self_shares, self.staking.delegation_ratio as u128);
            require!(!math::product_below(&[own, ratio], &[self.pool.shares - own, 1]), Code::RatioExceeded);
        }
        self.position.shares += shares;
        Ok(shares)
    }

    /// Moves shares into the thawing pool; returns the thaw's number, its tokens and itself.
    pub fn thaw(&mut self, shares: u128, min_tokens: u64) -> Result<(u64, Thaw)> {
        self.refresh();
        require!(shares > 0, Code::ZeroAmount);
        require!(shares <= self.position.shares, Code::InsufficientShares);
        require!(self.position.open_thaws < self.staking.max_thaws, Code::TooManyThaws);
        let tokens = to_tokens(shares, self.pool.shares, self.pool.tokens)?;
        require!(tokens >= min_tokens, Code::Slippage);
        let thaw_shares = to_shares(tokens, self.pool.thawing_shares, self.pool.thawing_tokens)?;
        self.pool.shares -= shares;
        self.pool.tokens -= tokens;
        if self.is_provider() {
            self.pool.self_shares -= shares;
        }
        self.pool.thawing_tokens += tokens;
        self.pool.thawing_shares += thaw_shares;
        let ready_at = math::later(syscalls::now()?, math::later(self.staking.thaw_period, CLOCK_TOLERANCE));
        let thaw = Thaw { thaw_id: self.position.next_thaw, shares: thaw_shares, ready_at, generation: self.pool.generation };
        let free = self.place(|t| t.ready_at == 0);
        require!(free < MAX_THAWS, Code::TooManyThaws);
        self.position.thaws[free] = thaw;
        self.position.next_thaw += 1;
        self.position.open_thaws += 1;
        self.position.shares -= shares;
        Ok((tokens, thaw))
    }

    /// Where an open thaw stands.
    pub fn find(&self, thaw_id: u32) -> Result<usize> {
        let at = self.place(|t| t.ready_at != 0 && t.thaw_id == thaw_id);
        require!(at < MAX_THAWS, Code::UnknownThaw);
        Ok(at)
    }

    /// Closes a thaw and takes what is left of it out of the thawing pool.
    pub fn take(&mut self, at: usize) -> Result<u64> {
        let thaw = self.position.thaws[at];
        self.position.thaws[at] = Thaw { thaw_id: 0, shares: 0, ready_at: 0, generation: 0 };
        self.position.open_thaws -= 1;
        // An older generation was slashed to nothing.
        if thaw.generation != self.pool.generation {
            return Ok(0);
        }
        let tokens = to_tokens(thaw.shares, self.pool.thawing_shares, self.pool.thawing_tokens)?;
        self.pool.thawing_tokens -= tokens;
        self.pool.thawing_shares -= thaw.shares;
        Ok(tokens)
    }

    /// The first place that holds, or MAX_THAWS.
    #[inline(always)]
    fn place(&self, holds: impl Fn(&Thaw) -> bool) -> usize {
        let mut at = 0;
        while at < MAX_THAWS {
            let thaw = self.position.thaws[at];
            if holds(&thaw) {
                break;
            }
            at += 1;
        }
        at
    }
}
