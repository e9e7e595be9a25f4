//! The token by calls to its program. A program is called only after `Network` named it.

use crate::account::{invoke, same, Account};
use crate::guard::Result;
use crate::syscalls::Bytes;
use depin_interface::accounts::Network;
use depin_interface::{seeds, Code, Key};

/// TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA
pub const SPL_TOKEN: Key = [
    6, 221, 246, 225, 215, 101, 161, 147, 217, 203, 225, 70, 206, 235, 121, 172, 28, 180, 133, 237, 95, 91, 55, 145, 58, 140, 245, 133, 126, 255, 0, 169,
];
pub const ACCOUNT_LENGTH: usize = 165;
pub const MINT_LENGTH: usize = 82;

/// Seeds with which a network signs.
pub struct Signer {
    bump: [u8; 1],
    mint: Key,
}

impl Signer {
    pub fn of(network: &Network) -> Self {
        Self { bump: [network.bump], mint: network.mint }
    }

    pub fn seeds(&self) -> [Bytes; 3] {
        [Bytes::of(seeds::NETWORK), Bytes::of(&self.mint), Bytes::of(&self.bump)]
    }
}

fn with_amount(tag: u8, amount: u64) -> [u8; 9] {
    let mut data = [0u8; 9];
    data[0] = tag;
    data[1..].copy_from_slice(&amount.to_le_bytes());
    data
}

/// Moves `amount` out of a token account whose owner signed the transaction.
pub fn pull(program: Account, from: Account, to: Account, owner: Account, amount: u64) {
    invoke(program.key(), [(from, true, false), (to, true, false), (owner, false, true)], &with_amount(3, amount), &[]);
}

/// What the network signs for: its token accounts and its mint.
pub struct Purse<'a> {
    pub program: Account,
    /// The network's account.
    pub authority: Account,
    pub network: &'a Network,
}

impl Purse<'_> {
    pub fn push(&self, from: Account, to: Account, amount: u64) {
        self.act(3, from, to, amount);
    }

    pub fn mint(&self, mint: Account, to: Account, amount: u64) {
        self.act(7, mint, to, amount);
    }

    pub fn burn(&self, from: Account, mint: Account, amount: u64) {
        self.act(8, from, mint, amount);
    }

    fn act(&self, tag: u8, first: Account, second: Account, amount: u64) {
        let signer = Signer::of(self.network);
        let roles = [(first, true, false), (second, true, false), (self.authority, false, true)];
        invoke(self.program.key(), roles, &with_amount(tag, amount), &signer.seeds());
    }
}

/// Makes a new, empty account of the token program's a token account of `owner`'s.
pub fn initialize_account(program: Account, account: Account, mint: Account, owner: &Key) {
    let mut data = [0u8; 33];
    data[0] = 18;
    data[1..].copy_from_slice(owner);
    invoke(program.key(), [(account, true, false), (mint, false, false)], &data, &[]);
}

/// Hands the mint from `authority`, who signed, to `to`.
pub fn set_mint_authority(program: Account, mint: Account, authority: Account, to: &Key) {
    let mut data = [0u8; 35];
    data[0] = 6;
    data[2] = 1;
    data[3..].copy_from_slice(to);
    invoke(program.key(), [(mint, true, false), (authority, false, true)], &data, &[]);
}

/// What a mint is.
pub struct Mint {
    pub supply: u64,
    pub decimals: u8,
}

/// A mint of the token program whose authority is `authority`, with nobody who could freeze accounts.
pub fn check_mint(program: Account, mint: Account, authority: &Key) -> Result<Mint> {
    require!(same(program.key(), &SPL_TOKEN), Code::WrongProgram);
    require!(same(mint.owner(), &SPL_TOKEN), Code::BadMint);
    let data = mint.bytes();
    require!(data.len() == MINT_LENGTH && data[45] == 1, Code::BadMint);
    require!(data[0] == 1 && same(key_at(data, 4), authority), Code::BadMint);
    require!(data[46] == 0 && data[47] == 0 && data[48] == 0 && data[49] == 0, Code::BadMint);
    let decimals = data[44];
    require!(decimals <= 9, Code::BadMint);
    Ok(Mint { supply: number_at(data, 36), decimals })
}

/// A token account of `owner`'s for the network's token that nobody else has a hand in: no delegate, nobody who may close it.
pub fn check_recipient(network: &Network, account: Account, owner: &Key) -> Result {
    require!(same(account.owner(), &network.token_program), Code::BadRecipient);
    let data = account.bytes();
    require!(data.len() == ACCOUNT_LENGTH && data[108] == 1, Code::BadRecipient);
    require!(same(key_at(data, 0), &network.mint), Code::BadRecipient);
    require!(same(key_at(data, 32), owner), Code::BadRecipient);
    require!(data[72] == 0, Code::BadRecipient);
    require!(data[129] == 0, Code::BadRecipient);
    Ok(())
}

fn key_at(data: &[u8], at: usize) -> &Key {
    unsafe { &*(data[at..at + 32].as_ptr() as *const Key) }
}

fn number_at(data: &[u8], at: usize) -> u64 {
    unsafe { (data[at..at + 8].as_ptr() as *const u64).read_unaligned() }
}
