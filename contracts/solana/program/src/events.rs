//! Writes events as Anchor's clients read them.

use crate::syscalls;
use core::mem::{size_of, MaybeUninit};
use depin_interface::accounts::Member;
use depin_interface::events::Event;
use depin_interface::MAX_SET;

/// Most bytes of an event: a config's, with a set of the largest size.
const MOST: usize = 256 + MAX_SET * size_of::<Member>();

#[repr(C, packed)]
struct Framed<T> {
    discriminator: u64,
    event: T,
}

pub fn emit<T: Event>(event: T) {
    const { assert!(!T::TAIL) };
    let framed = Framed { discriminator: T::DISCRIMINATOR, event };
    syscalls::log_data(unsafe { core::slice::from_raw_parts(&framed as *const Framed<T> as *const u8, size_of::<Framed<T>>()) })
}

/// The same for an event that ends in a list: `count` elements, which are `tail`'s bytes. A tail that is too long ends the transaction.
#[inline(never)]
pub fn emit_with<T: Event>(event: &T, count: usize, tail: &[u8]) {
    const { assert!(T::TAIL && size_of::<T>() <= 256 - 12) };
    let mut bytes = MaybeUninit::<[u8; MOST]>::uninit();
    let fixed = size_of::<Framed<T>>();
    assert!(tail.len() <= MOST - fixed - 4);
    unsafe {
        let at = bytes.as_mut_ptr() as *mut u8;
        (at as *mut Framed<T>).write(Framed { discriminator: T::DISCRIMINATOR, event: *event });
        (at.add(fixed) as *mut u32).write_unaligned(count as u32);
        syscalls::copy(at.add(fixed + 4), tail.as_ptr(), tail.len());
        syscalls::log_data(core::slice::from_raw_parts(at, fixed + 4 + tail.len()));
    }
}
