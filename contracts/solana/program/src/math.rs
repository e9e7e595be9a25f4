//! Wide arithmetic without the compiler's helpers, which the BPF target has not.

use crate::guard::Result;
use depin_interface::Code;

const LOW: u64 = 0xffff_ffff;

/// a · b in 32-bit digits, lowest first.
#[inline(never)]
fn multiply(a: u128, b: u128) -> [u32; 8] {
    let a = [a as u32, (a >> 32) as u32, (a >> 64) as u32, (a >> 96) as u32];
    let b = [b as u32, (b >> 32) as u32, (b >> 64) as u32, (b >> 96) as u32];
    let mut out = [0u32; 8];
    let mut i = 0;
    while i < 4 {
        let mut carry = 0u64;
        let mut j = 0;
        while j < 4 {
            // At most (2^32 − 1)² + 2 (2^32 − 1), which fits.
            let t = a[i] as u64 * b[j] as u64 + out[i + j] as u64 + carry;
            out[i + j] = (t & LOW) as u32;
            carry = t >> 32;
            j += 1;
        }
        out[i + 4] = carry as u32;
        i += 1;
    }
    out
}

/// a · b / 2^96, rounded down; refuses what exceeds 128 bits.
pub fn multiply_q96(a: u128, b: u128) -> Result<u128> {
    let d = multiply(a, b);
    require!(d[7] == 0, Code::Overflow);
    Ok(d[3] as u128 | (d[4] as u128) << 32 | (d[5] as u128) << 64 | (d[6] as u128) << 96)
}

/// Whether the product of `low` is below that of `high`.
#[inline(always)]
pub fn product_below(low: &[u128; 2], high: &[u128; 2]) -> bool {
    let (left, right) = (multiply(low[0], low[1]), multiply(high[0], high[1]));
    let mut i = 8;
    while i > 0 {
        i -= 1;
        if left[i] != right[i] {
            return left[i] < right[i];
        }
    }
    false
}

/// a · b / c, rounded down, for c below 2^32; what exceeds 64 bits gives the largest number.
pub fn multiply_divide(a: u64, b: u64, c: u32) -> u64 {
    let d = multiply(a as u128, b as u128);
    let c = c as u64;
    let (mut remainder, mut quotient, mut i) = (0u64, [0u64; 4], 4);
    while i > 0 {
        i -= 1;
        let part = remainder << 32 | d[i] as u64;
        quotient[i] = part / c;
        remainder = part % c;
    }
    if quotient[3] != 0 || quotient[2] != 0 {
        return u64::MAX;
    }
    quotient[1] << 32 | quotient[0]
}

/// a · b / c, rounded down, for c from 1 to below 2^127; refuses what exceeds 128 bits.
#[inline(always)]
pub fn multiply_divide_wide(a: u128, b: u128, c: u128) -> Result<u128> {
    divide(&multiply(a, b), c)
}

/// Bit by bit, from the highest digit on.
#[inline(never)]
fn divide(d: &[u32; 8], c: u128) -> Result<u128> {
    let (mut quotient, mut remainder, mut i) = (0u128, 0u128, 8);
    while i > 0 {
        i -= 1;
        // Above the quotient's 128 bits nothing may be left over.
        require!(quotient >> 96 == 0, Code::Overflow);
        if quotient == 0 && remainder == 0 && d[i] == 0 {
            continue;
        }
        let (mut digit, mut bit) = (d[i], 0);
        while bit < 32 {
            remainder = remainder << 1 | (digit >> 31) as u128;
            digit <<= 1;
            quotient <<= 1;
            if remainder >= c {
                remainder -= c;
                quotient |= 1;
            }
            bit += 1;
        }
    }
    Ok(quotient)
}

/// a · b, refused when it exceeds 64 bits.
pub fn checked_multiply(a: u64, b: u64) -> Result<u64> {
    let d = multiply(a as u128, b as u128);
    require!(d[2] == 0 && d[3] == 0, Code::Overflow);
    Ok((d[1] as u64) << 32 | d[0] as u64)
}

pub fn add(a: u64, b: u64) -> Result<u64> {
    a.checked_add(b).ok_or(Code::Overflow)
}

/// A sum of seconds and a time: too far away is for ever.
pub fn later(time: u64, seconds: u64) -> u64 {
    time.saturating_add(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLES: [u64; 9] = [0, 1, 2, 3, 0xffff_ffff, 0x1_0000_0000, 0x1234_5678_9abc_def0, u64::MAX - 1, u64::MAX];

    #[test]
    fn products_are_those_of_the_compiler() {
        for a in SAMPLES {
            for b in SAMPLES {
                let product = a as u128 * b as u128;
                assert_eq!(checked_multiply(a, b).ok(), u64::try_from(product).ok());
                for c in [1, 2, 7, 86_400, u32::MAX] {
                    assert_eq!(multiply_divide(a, b, c), u64::try_from(product / c as u128).unwrap_or(u64::MAX));
                }
                assert_eq!(multiply_q96(product, 1 << 96).ok(), Some(product));
                assert_eq!(multiply_q96(product, 1 << 95).ok(), Some(product / 2));
                for c in SAMPLES {
                    assert_eq!(product_below(&[a as u128, b as u128], &[c as u128, 3]), product < c as u128 * 3);
                }
            }
        }
        for a in SAMPLES.map(|s| (s as u128) << 33) {
            for b in SAMPLES {
                for c in [1u128, 3, 1_000_000_000, 1 << 96, (1 << 127) - 1] {
                    // a · b = high · 2^64 + low, divided by hand in two steps where that is exact enough.
                    let exact = a.checked_mul(b as u128).map(|product| product / c);
                    if let Some(expected) = exact {
                        assert_eq!(multiply_divide_wide(a, b as u128, c).ok(), Some(expected));
                    }
                }
                assert_eq!(multiply_divide_wide(a, (b as u128) << 64, 1 << 64).ok(), a.checked_mul(b as u128));
            }
        }
        assert_eq!(multiply_divide_wide(u128::MAX, u128::MAX >> 1, u128::MAX >> 1).ok(), Some(u128::MAX));
        assert_eq!(multiply_divide_wide(u128::MAX, 2, 1).ok(), None);
        assert_eq!(multiply_q96(u128::MAX, u128::MAX).ok(), None);
        assert_eq!(multiply_q96(u128::MAX, 1 << 96).ok(), Some(u128::MAX));
    }
}
