//! The schedule: a pure function of the epoch, by the same rounding as `EmissionController`.

use crate::guard::Result;
use crate::math;
use depin_interface::accounts::Network;

pub const ONE: u128 = 1 << 96;

/// base · decay^(epoch − 1) by squaring in Q96, every product rounded down. Base units; 0 for epoch 0.
#[inline(always)]
pub fn budget(network: &Network, epoch: u64) -> Result<u128> {
    if epoch == 0 {
        return Ok(0);
    }
    let (mut power, mut square, mut exponent) = (ONE, network.emission_decay, epoch - 1);
    while exponent > 0 {
        if exponent & 1 == 1 {
            power = math::multiply_q96(power, square)?;
        }
        exponent >>= 1;
        if exponent > 0 {
            square = math::multiply_q96(square, square)?;
        }
    }
    math::multiply_q96(network.emission_base, power)
}

/// When the period of an epoch from 1 on begins and ends, unix seconds.
pub fn period(network: &Network, epoch: u64) -> Result<(u64, u64)> {
    let start = math::add(network.genesis, math::checked_multiply(epoch - 1, network.epoch_length)?)?;
    Ok((start, math::add(start, network.epoch_length)?))
}

/// The epoch whose period holds `time`; 0 before the first.
pub fn epoch_at(network: &Network, time: u64) -> u64 {
    if time < network.genesis {
        return 0;
    }
    (time - network.genesis) / network.epoch_length + 1
}
