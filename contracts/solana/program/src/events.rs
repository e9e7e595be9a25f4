//! Writes events as Anchor's clients read them.

use crate::syscalls;
use core::mem::size_of;
use depin_interface::events::Event;

#[repr(C, packed)]
struct Framed<T> {
    discriminator: u64,
    event: T,
}

pub fn emit<T: Event>(event: T) {
    let framed = Framed { discriminator: T::DISCRIMINATOR, event };
    syscalls::log_data(unsafe { core::slice::from_raw_parts(&framed as *const Framed<T> as *const u8, size_of::<Framed<T>>()) })
}
