//! The runtime's functions. Elsewhere (unit tests on a host) they do not exist and nothing that calls them runs.

use crate::guard::Result;
use depin_interface::{Code, Key};

/// A slice as the runtime takes it.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Bytes {
    at: *const u8,
    length: u64,
}

impl Bytes {
    #[inline(always)]
    pub fn of(slice: &[u8]) -> Self {
        Self { at: slice.as_ptr(), length: slice.len() as u64 }
    }
}

#[repr(C)]
struct Clock {
    slot: u64,
    epoch_start: i64,
    epoch: u64,
    leader_epoch: u64,
    unix: i64,
}

#[cfg(any(target_os = "solana", target_arch = "bpf"))]
mod native {
    extern "C" {
        pub fn abort() -> !;
        pub fn sol_log_(text: *const u8, length: u64);
        pub fn sol_log_data(fields: *const super::Bytes, count: u64);
        pub fn sol_keccak256(values: *const super::Bytes, count: u64, out: *mut u8) -> u64;
        pub fn sol_secp256k1_recover(hash: *const u8, id: u64, signature: *const u8, out: *mut u8) -> u64;
        pub fn sol_try_find_program_address(seeds: *const super::Bytes, count: u64, program: *const u8, out: *mut u8, bump: *mut u8) -> u64;
        pub fn sol_invoke_signed_c(instruction: *const u8, infos: *const u8, info_count: u64, seeds: *const u8, seed_count: u64) -> u64;
        pub fn sol_get_clock_sysvar(out: *mut u8) -> u64;
        pub fn sol_get_rent_sysvar(out: *mut u8) -> u64;
        pub fn sol_memcpy_(to: *mut u8, from: *const u8, length: u64);
        pub fn sol_memset_(to: *mut u8, value: u8, length: u64);
    }
}

#[cfg(not(any(target_os = "solana", target_arch = "bpf")))]
#[allow(clippy::missing_safety_doc, unused_variables)]
mod native {
    pub unsafe fn abort() -> ! { panic!() }
    pub unsafe fn sol_log_(text: *const u8, length: u64) { unreachable!() }
    pub unsafe fn sol_log_data(fields: *const super::Bytes, count: u64) { unreachable!() }
    pub unsafe fn sol_keccak256(values: *const super::Bytes, count: u64, out: *mut u8) -> u64 { unreachable!() }
    pub unsafe fn sol_secp256k1_recover(hash: *const u8, id: u64, signature: *const u8, out: *mut u8) -> u64 { unreachable!() }
    pub unsafe fn sol_try_find_program_address(seeds: *const super::Bytes, count: u64, program: *const u8, out: *mut u8, bump: *mut u8) -> u64 { unreachable!() }
    pub unsafe fn sol_invoke_signed_c(instruction: *const u8, infos: *const u8, info_count: u64, seeds: *const u8, seed_count: u64) -> u64 { unreachable!() }
    pub unsafe fn sol_get_clock_sysvar(out: *mut u8) -> u64 { unreachable!() }
    pub unsafe fn sol_get_rent_sysvar(out: *mut u8) -> u64 { unreachable!() }
    pub unsafe fn sol_memcpy_(to: *mut u8, from: *const u8, length: u64) { unreachable!() }
    pub unsafe fn sol_memset_(to: *mut u8, value: u8, length: u64) { unreachable!() }
}

pub use native::sol_invoke_signed_c;

#[allow(dead_code)]
pub fn abort() -> ! {
    unsafe { native::abort() }
}

pub fn log(text: &str) {
    unsafe { native::sol_log_(text.as_ptr(), text.len() as u64) }
}

pub fn log_data(bytes: &[u8]) {
    unsafe { native::sol_log_data(&Bytes::of(bytes), 1) }
}

/// Keccak-256 of the slices one behind the other.
#[inline(always)]
pub fn keccak<const N: usize>(parts: [&[u8]; N]) -> Key {
    let slices = parts.map(Bytes::of);
    let mut out = [0u8; 32];
    unsafe { native::sol_keccak256(slices.as_ptr(), N as u64, out.as_mut_ptr()) };
    out
}

/// The public key (x · y) that signed; refuses what is no signature. Accepts a high s: the caller must not.
pub fn secp256k1_recover(hash: &Key, id: u64, signature: &[u8; 64]) -> Result<[u8; 64]> {
    let mut out = [0u8; 64];
    let refused = unsafe { native::sol_secp256k1_recover(hash.as_ptr(), id, signature.as_ptr(), out.as_mut_ptr()) };
    require!(refused == 0, Code::BadSignature);
    Ok(out)
}

/// A program-derived address with its bump, the highest that gives one.
pub fn find_address(seeds: &[Bytes], program: &Key) -> Result<(Key, u8)> {
    let (mut out, mut bump) = ([0u8; 32], 0u8);
    let refused = unsafe { native::sol_try_find_program_address(seeds.as_ptr(), seeds.len() as u64, program.as_ptr(), out.as_mut_ptr(), &mut bump) };
    require!(refused == 0, Code::WrongAddress);
    Ok((out, bump))
}

/// The cluster's time, unix seconds: an estimate weighted by stake, good to about a minute.
pub fn now() -> Result<u64> {
    let mut clock = Clock { slot: 0, epoch_start: 0, epoch: 0, leader_epoch: 0, unix: 0 };
    let refused = unsafe { native::sol_get_clock_sysvar(&mut clock as *mut Clock as *mut u8) };
    require!(refused == 0 && clock.unix > 0, Code::BadClock);
    Ok(clock.unix as u64)
}

/// What an account of `space` bytes must hold to stay, in lamports.
pub fn rent_minimum(space: u64) -> u64 {
    // Rate, threshold as a float's bits (1.0 on new clusters, 2.0 on older ones), burn share.
    let mut rent = [0u64; 3];
    unsafe { native::sol_get_rent_sysvar(rent.as_mut_ptr() as *mut u8) };
    let years = if rent[1] == 0x4000_0000_0000_0000 { 2 } else { 1 };
    (space + 128).wrapping_mul(rent[0]).wrapping_mul(years)
}

/// # Safety
/// Both ranges are `length` bytes long and do not overlap.
pub unsafe fn copy(to: *mut u8, from: *const u8, length: usize) {
    native::sol_memcpy_(to, from, length as u64)
}

/// # Safety
/// The range is `length` bytes long.
pub unsafe fn zero(to: *mut u8, length: usize) {
    native::sol_memset_(to, 0, length as u64)
}
