//! Writes events twice. As data in the log, as Anchor's clients read them: for whoever watches live. And as a call of the program by itself that only the network's own
//! signature allows, in Anchor's form for events by call: what a mirror reads, since the runtime cuts logs at 10,000 bytes and anybody may fill those before.

use crate::account::{invoke, Account};
use crate::guard::Result;
use crate::instructions::Call;
use crate::syscalls;
use crate::token::Signer;
use core::mem::{size_of, MaybeUninit};
use depin_interface::accounts::{Member, Network};
use depin_interface::events::Event;
use depin_interface::{instructions, MAX_SET};

/// Most bytes of an event: a config's, with a set of the largest size.
const MOST: usize = 256 + MAX_SET * size_of::<Member>();

#[repr(C, packed)]
struct Framed<T> {
    call: u64,
    discriminator: u64,
    event: T,
}

/// An event of the network whose account that is, which is already one of the program's.
pub fn emit<T: Event>(network: Account, event: T) {
    const { assert!(!T::TAIL) };
    let framed = Framed { call: instructions::EVENT, discriminator: T::DISCRIMINATOR, event };
    write(network, unsafe { core::slice::from_raw_parts(&framed as *const Framed<T> as *const u8, size_of::<Framed<T>>()) })
}

/// The same for an event that ends in a list: `count` elements, which are `tail`'s bytes. A tail that is too long ends the transaction.
#[inline(never)]
pub fn emit_with<T: Event>(network: Account, event: &T, count: usize, tail: &[u8]) {
    const { assert!(T::TAIL && size_of::<T>() <= 256 - 20) };
    let mut bytes = MaybeUninit::<[u8; MOST]>::uninit();
    let fixed = size_of::<Framed<T>>();
    assert!(tail.len() <= MOST - fixed - 4);
    unsafe {
        let at = bytes.as_mut_ptr() as *mut u8;
        (at as *mut Framed<T>).write(Framed { call: instructions::EVENT, discriminator: T::DISCRIMINATOR, event: *event });
        (at.add(fixed) as *mut u32).write_unaligned(count as u32);
        syscalls::copy(at.add(fixed + 4), tail.as_ptr(), tail.len());
        write(network, core::slice::from_raw_parts(at, fixed + 4 + tail.len()));
    }
}

#[inline(never)]
fn write(network: Account, framed: &[u8]) {
    syscalls::log_data(&framed[8..]);
    let signer = Signer::of(network.checked::<Network>());
    invoke(network.owner(), [(network, false, true)], framed, &signer.seeds());
}

/// The call that an event is. It does nothing: that it stands in a transaction says that the network signed, which only this program can have it do.
pub fn run(mut call: Call) -> Result {
    let (network, _) = call.state::<Network>()?;
    network.require_signer()
}
