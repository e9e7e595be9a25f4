//! Whether two numbers are a point of P-256. The runtime's program takes a key by x and the parity of y: without this a key would have
//! as many device ids as there are numbers y.

/// Digits of 32 bits, lowest first.
type Number = [u32; 8];

/// 2^256 − 2^224 + 2^192 + 2^96 − 1.
const P: Number = [0xffffffff, 0xffffffff, 0xffffffff, 0, 0, 0, 1, 0xffffffff];
/// The curve's b, times 2^256 modulo p.
const B: Number = [0x29c4bddf, 0xd89cdf62, 0x78843090, 0xacf005cd, 0xf7212ed6, 0xe5a220ab, 0x04874834, 0xdc30061d];
/// 2^512 modulo p.
const SQUARE: Number = [0x00000003, 0x00000000, 0xffffffff, 0xfffffffb, 0xfffffffe, 0xffffffff, 0xfffffffd, 0x00000004];

/// Whether y² = x³ − 3x + b for coordinates below p, big-endian.
pub fn is_on_curve(x: &[u8; 32], y: &[u8; 32]) -> bool {
    let (x, y) = (read(x), read(y));
    if !is_below_p(&x) || !is_below_p(&y) {
        return false;
    }
    let (x, y) = (multiply(&x, &SQUARE), multiply(&y, &SQUARE));
    let left = add(&multiply(&y, &y), &add(&add(&x, &x), &x));
    let right = add(&multiply(&multiply(&x, &x), &x), &B);
    left == right
}

fn read(bytes: &[u8; 32]) -> Number {
    let mut out = [0u32; 8];
    let mut i = 0;
    while i < 8 {
        let at = 28 - 4 * i;
        out[i] = u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        i += 1;
    }
    out
}

fn is_below_p(a: &Number) -> bool {
    let mut i = 8;
    while i > 0 {
        i -= 1;
        if a[i] != P[i] {
            return a[i] < P[i];
        }
    }
    false
}

/// a − p where that is not negative, for a below 2p whose bit 256 is `carry`.
fn reduce(a: Number, carry: u64) -> Number {
    if carry == 0 && is_below_p(&a) {
        return a;
    }
    let (mut out, mut borrow, mut i) = ([0u32; 8], 0u64, 0);
    while i < 8 {
        // At least 2^32 − (2^32 − 1) − 1.
        let t = (1u64 << 32) + a[i] as u64 - P[i] as u64 - borrow;
        out[i] = t as u32;
        borrow = 1 - (t >> 32);
        i += 1;
    }
    out
}

fn add(a: &Number, b: &Number) -> Number {
    let (mut out, mut carry, mut i) = ([0u32; 8], 0u64, 0);
    while i < 8 {
        let t = a[i] as u64 + b[i] as u64 + carry;
        out[i] = t as u32;
        carry = t >> 32;
        i += 1;
    }
    reduce(out, carry)
}

/// Montgomery's product a · b / 2^256 modulo p. The lowest digit of p is −1 modulo 2^32, so a digit is its own multiplier.
#[inline(never)]
fn multiply(a: &Number, b: &Number) -> Number {
    let mut t = [0u32; 8];
    let mut top = 0u64;
    let mut i = 0;
    while i < 8 {
        // t = (t + a[i] · b + m · p) / 2^32, where m makes the lowest digit vanish.
        let low = t[0] as u64 + a[i] as u64 * b[0] as u64;
        let m = low & 0xffff_ffff;
        let mut first = low >> 32;
        let mut second = (m + m * P[0] as u64) >> 32;
        let mut j = 1;
        while j < 8 {
            // Each sum is at most (2^32 − 1)² + 2 (2^32 − 1), which fits.
            let product = a[i] as u64 * b[j] as u64 + t[j] as u64 + first;
            first = product >> 32;
            let sum = m * P[j] as u64 + (product & 0xffff_ffff) + second;
            second = sum >> 32;
            t[j - 1] = sum as u32;
            j += 1;
        }
        let sum = top + first + second;
        t[7] = sum as u32;
        top = sum >> 32;
        i += 1;
    }
    reduce(t, top)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(hex: &str) -> [u8; 32] {
        let mut out = [0u8; 32];
        for (i, byte) in out.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap();
        }
        out
    }

    /// The generator of FIPS 186-4, D.1.2.3.
    #[test]
    fn the_generator_is_a_point_and_its_neighbours_are_not() {
        let x = number("6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296");
        let y = number("4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5");
        assert!(is_on_curve(&x, &y));
        for i in 0..256 {
            let (mut a, mut b) = (x, y);
            a[i / 8] ^= 1 << (i % 8);
            b[i / 8] ^= 1 << (i % 8);
            assert!(!is_on_curve(&x, &b) && !is_on_curve(&a, &y), "{i}");
        }
        assert!(!is_on_curve(&[0; 32], &[0; 32]));
    }
}
