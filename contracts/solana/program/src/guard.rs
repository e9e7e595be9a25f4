//! Refusals.

use depin_interface::Code;

pub type Result<T = ()> = core::result::Result<T, Code>;

/// Refuses with the code unless the condition holds.
#[cfg(not(depin_guards))]
macro_rules! require {
    ($holds:expr, $code:expr) => {
        if !$holds {
            return Err($code);
        }
    };
}

/// The same in a program of which `scripts/solana-mutants` switches off one guard at a time.
#[cfg(depin_guards)]
macro_rules! require {
    ($holds:expr, $code:expr) => {
        if !$holds && !crate::guard::is_dropped(const { crate::guard::number(file!(), line!(), column!()) }) {
            return Err($code);
        }
    };
}

/// FNV-1a of where a guard stands.
#[cfg(depin_guards)]
pub const fn number(file: &str, line: u32, column: u32) -> u32 {
    let (file, mut hash, mut i) = (file.as_bytes(), 0x811c_9dc5u32, 0);
    while i < file.len() {
        hash = (hash ^ file[i] as u32).wrapping_mul(0x0100_0193);
        i += 1;
    }
    hash = (hash ^ line).wrapping_mul(0x0100_0193);
    (hash ^ column).wrapping_mul(0x0100_0193)
}

/// The number after the mark is that of the guard that is off.
#[cfg(depin_guards)]
static DROPPED: [u32; 4] = [0x6772_6475, 0x6472_6f70, 0x7065_6421, 0];

#[cfg(depin_guards)]
#[inline(always)]
pub fn is_dropped(number: u32) -> bool {
    unsafe { core::ptr::read_volatile(&DROPPED[3]) == number }
}
