//! Accounts of an instruction: views into the runtime's memory, and what must hold before one is believed.

use crate::guard::Result;
use crate::syscalls::{self, Bytes};
use depin_interface::accounts::Layout;
use depin_interface::{Code, Key};
use core::mem::{size_of, MaybeUninit};

/// Most accounts of one instruction.
pub const MOST: usize = 64;

pub const SYSTEM: Key = [0; 32];

/// An account as the runtime lays it out.
#[derive(Clone, Copy)]
pub struct Account(pub *mut u8);

impl Account {
    #[inline(always)]
    pub fn is_signer(self) -> bool {
        unsafe { *self.0.add(1) != 0 }
    }

    #[inline(always)]
    pub fn is_writable(self) -> bool {
        unsafe { *self.0.add(2) != 0 }
    }

    #[inline(always)]
    pub fn key(self) -> &'static Key {
        unsafe { &*(self.0.add(8) as *const Key) }
    }

    #[inline(always)]
    pub fn owner(self) -> &'static Key {
        unsafe { &*(self.0.add(40) as *const Key) }
    }

    #[inline(always)]
    pub fn lamports(self) -> u64 {
        unsafe { *(self.0.add(72) as *const u64) }
    }

    #[inline(always)]
    pub fn length(self) -> usize {
        unsafe { *(self.0.add(80) as *const u64) as usize }
    }

    /// The data as it is now. No two of these may live at once where one is written through.
    #[inline(always)]
    pub fn bytes(self) -> &'static [u8] {
        unsafe { core::slice::from_raw_parts(self.0.add(88), self.length()) }
    }

    /// Closes an account of this program's: its lamports go to `to`.
    pub fn close(self, to: Account) {
        unsafe {
            let from = self.0.add(72) as *mut u64;
            let receiver = to.0.add(72) as *mut u64;
            // The sum of all lamports fits.
            *receiver = (*receiver).wrapping_add(*from);
            *from = 0;
            syscalls::zero(self.0.add(88), self.length());
            *(self.0.add(80) as *mut u64) = 0;
            *(self.0.add(40) as *mut Key) = SYSTEM;
        }
    }

    /// The state that this account holds.
    pub fn load<T: Layout>(self, program: &Key) -> Result<&'static T> {
        self.typed::<T>(program).map(|at| unsafe { &*at })
    }

    /// The same, to change it.
    pub fn load_mut<T: Layout>(self, program: &Key) -> Result<&'static mut T> {
        require!(self.is_writable(), Code::NotWritable);
        self.typed::<T>(program).map(|at| unsafe { &mut *at })
    }

    #[inline(always)]
    fn typed<T: Layout>(self, program: &Key) -> Result<*mut T> {
        require!(same(self.owner(), program), Code::WrongOwner);
        require!(self.length() >= size_of::<T>(), Code::WrongAccount);
        let at = unsafe { self.0.add(88) };
        require!(unsafe { *(at as *const u64) } == T::DISCRIMINATOR, Code::WrongAccount);
        Ok(at as *mut T)
    }

    /// The state of an account that was checked before.
    pub fn checked<T: Layout>(self) -> &'static T {
        unsafe { &*(self.0.add(88) as *const T) }
    }

    /// The state of an account just made by `create`.
    pub fn fresh<T: Layout>(self) -> &'static mut T {
        unsafe {
            let at = self.0.add(88);
            *(at as *mut u64) = T::DISCRIMINATOR;
            &mut *(at as *mut T)
        }
    }

    pub fn require_signer(self) -> Result {
        require!(self.is_signer(), Code::NotSigner);
        Ok(())
    }
}

/// Whether two addresses are equal.
#[inline(always)]
pub fn same(a: &Key, b: &Key) -> bool {
    let (a, b) = (a.as_ptr() as *const u64, b.as_ptr() as *const u64);
    unsafe { *a == *b && *a.add(1) == *b.add(1) && *a.add(2) == *b.add(2) && *a.add(3) == *b.add(3) }
}

/// All accounts of an instruction, in order.
pub struct Accounts {
    items: [MaybeUninit<Account>; MOST],
    count: usize,
    next: usize,
}

impl Accounts {
    #[inline(always)]
    pub fn new() -> Self {
        Self { items: [const { MaybeUninit::uninit() }; MOST], count: 0, next: 0 }
    }

    /// Reads the runtime's memory: instruction data and this program's address.
    ///
    /// # Safety
    /// `input` is what the runtime hands to the entry point.
    #[inline(always)]
    pub unsafe fn parse(&mut self, input: *mut u8) -> Result<(&'static [u8], &'static Key)> {
        let count = *(input as *const u64) as usize;
        require!(count <= MOST, Code::TooManyAccounts);
        let mut at = input.add(8);
        let mut i = 0;
        while i < count {
            if *at == 0xff {
                self.items[i].write(Account(at));
                let length = *(at.add(80) as *const u64) as usize;
                at = at.add(88 + ((length + 7) & !7) + 10_240 + 8);
            } else {
                let earlier = self.items[*at as usize].assume_init();
                self.items[i].write(earlier);
                at = at.add(8);
            }
            i += 1;
        }
        self.count = count;
        let length = *(at as *const u64) as usize;
        Ok((core::slice::from_raw_parts(at.add(8), length), &*(at.add(8 + length) as *const Key)))
    }

    /// The next account.
    #[inline(always)]
    pub fn take(&mut self) -> Result<Account> {
        require!(self.next < self.count, Code::TooFewAccounts);
        let account = unsafe { self.items[self.next].assume_init() };
        self.next += 1;
        Ok(account)
    }

    /// How many are left.
    #[inline(always)]
    pub fn left(&self) -> usize {
        self.count - self.next
    }
}

#[repr(C)]
struct Meta {
    key: *const Key,
    is_writable: u8,
    is_signer: u8,
    pad: [u8; 6],
}

#[repr(C)]
struct Info {
    key: *const Key,
    lamports: *const u8,
    length: u64,
    data: *const u8,
    owner: *const Key,
    rent_epoch: u64,
    is_signer: u8,
    is_writable: u8,
    executable: u8,
    pad: [u8; 5],
}

#[repr(C)]
struct Instruction {
    program: *const Key,
    metas: *const Meta,
    meta_count: u64,
    data: *const u8,
    data_length: u64,
}

/// How an account enters a call: writable, signer.
pub type Role = (Account, bool, bool);

/// Calls `program`; with `seeds`, also signed by the address they give. A call that fails ends the transaction.
#[inline(always)]
pub fn invoke<const N: usize>(program: &Key, accounts: [Role; N], data: &[u8], seeds: &[Bytes]) {
    let metas = accounts.map(|(a, w, s)| Meta { key: a.key(), is_writable: w as u8, is_signer: s as u8, pad: [0; 6] });
    let infos = accounts.map(|(a, _, _)| unsafe {
        Info {
            key: a.key(),
            lamports: a.0.add(72),
            length: a.length() as u64,
            data: a.0.add(88),
            owner: a.owner(),
            rent_epoch: 0,
            is_signer: a.is_signer() as u8,
            is_writable: a.is_writable() as u8,
            executable: 0,
            pad: [0; 5],
        }
    });
    let instruction = Instruction { program, metas: metas.as_ptr(), meta_count: N as u64, data: data.as_ptr(), data_length: data.len() as u64 };
    let signer = (seeds.as_ptr(), seeds.len() as u64);
    unsafe {
        syscalls::sol_invoke_signed_c(
            &instruction as *const Instruction as *const u8,
            infos.as_ptr() as *const u8,
            N as u64,
            &signer as *const (*const Bytes, u64) as *const u8,
            (!seeds.is_empty()) as u64,
        );
    }
}

/// Makes accounts of this program's addresses.
pub struct Maker<'a> {
    pub payer: Account,
    pub program: &'a Key,
}

impl Maker<'_> {
    /// Makes an account at the address that `seeds` give, of `space` bytes, for `owner`; returns the bump. Who prefunds the address to get
    /// in the way pays part of the rent. `seeds` has one place to spare at its end, for the bump.
    pub fn make<const N: usize>(&self, target: Account, mut seeds: [Bytes; N], space: usize, owner: &Key) -> Result<u8> {
        let payer = self.payer;
        let (address, bump) = syscalls::find_address(&seeds[..N - 1], self.program)?;
        require!(same(&address, target.key()), Code::WrongAddress);
        require!(same(target.owner(), &SYSTEM) && target.length() == 0, Code::AlreadyExists);
        require!(target.is_writable(), Code::NotWritable);
        let bumps = [bump];
        seeds[N - 1] = Bytes::of(&bumps);
        let shortfall = syscalls::rent_minimum(space as u64).saturating_sub(target.lamports());
        if shortfall > 0 {
            let mut data = [2u8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
            data[4..].copy_from_slice(&shortfall.to_le_bytes());
            invoke(&SYSTEM, [(payer, true, true), (target, true, false)], &data, &[]);
        }
        let mut data = [8u8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        data[4..].copy_from_slice(&(space as u64).to_le_bytes());
        invoke(&SYSTEM, [(target, true, true)], &data, &seeds);
        let mut data = [0u8; 36];
        data[0] = 1;
        data[4..].copy_from_slice(owner);
        invoke(&SYSTEM, [(target, true, true)], &data, &seeds);
        Ok(bump)
    }
}
