//! The token by calls to its program: SPL Token, or Token-2022 for a mint whose extensions are harmless. A program is called only after `Network`
//! named it, which took it from the mint's owner.

use crate::account::{invoke, same, Account};
use crate::extension;
use crate::guard::Result;
use crate::syscalls::Bytes;
use depin_interface::accounts::Network;
use depin_interface::{seeds, Code, Key};

/// TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA
pub const SPL_TOKEN: Key = [
    6, 221, 246, 225, 215, 101, 161, 147, 217, 203, 225, 70, 206, 235, 121, 172, 28, 180, 133, 237, 95, 91, 55, 145, 58, 140, 245, 133, 126, 255, 0, 169,
];
/// TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb
const TOKEN_2022: Key = [
    6, 221, 246, 225, 238, 117, 143, 222, 24, 66, 93, 188, 228, 108, 205, 218, 182, 26, 252, 77, 131, 185, 13, 39, 254, 189, 249, 40, 216, 161, 139, 252,
];
/// A token account without extensions, as the program's own are.
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

/// A mint of a token program whose authority is `authority`, with nobody who could freeze accounts and no extension that gives anybody a hand in them.
/// Once is enough: extensions come while a mint is made, or later by a signature of its authority, which is the network from now on and signs none.
pub fn check_mint(program: Account, mint: Account, authority: &Key) -> Result<Mint> {
    let extensible = same(program.key(), &TOKEN_2022);
    require!(extensible || same(program.key(), &SPL_TOKEN), Code::WrongProgram);
    require!(same(mint.owner(), program.key()), Code::BadMint);
    let data = mint.bytes();
    require!(data.len() == MINT_LENGTH || (extensible && data.len() > MINT_LENGTH), Code::BadMint);
    require!(data[45] == 1, Code::BadMint);
    require!(data[0] == 1 && same(key_at(data, 4), authority), Code::BadMint);
    require!(data[46] == 0 && data[47] == 0 && data[48] == 0 && data[49] == 0, Code::BadMint);
    let decimals = data[44];
    require!(decimals <= 9, Code::BadMint);
    if data.len() > MINT_LENGTH {
        extension::check_mint(data, MINT_LENGTH)?;
    }
    Ok(Mint { supply: number_at(data, 36), decimals })
}

/// Refuses what is no token account of `owner`'s for the network's token that nobody else has a hand in: no delegate, nobody who may close it. Whether
/// it takes tokens from anyone: its owner may ask for a memo with each transfer.
pub fn check_recipient(network: &Network, account: Account, owner: &Key) -> Result<bool> {
    require!(same(account.owner(), &network.token_program), Code::BadRecipient);
    let data = account.bytes();
    require!(data.len() == ACCOUNT_LENGTH || (data.len() > ACCOUNT_LENGTH && same(&network.token_program, &TOKEN_2022)), Code::BadRecipient);
    require!(data[108] == 1, Code::BadRecipient);
    require!(same(key_at(data, 0), &network.mint), Code::BadRecipient);
    require!(same(key_at(data, 32), owner), Code::BadRecipient);
    require!(data[72] == 0, Code::BadRecipient);
    require!(data[129] == 0, Code::BadRecipient);
    if data.len() > ACCOUNT_LENGTH {
        return extension::takes_tokens(data);
    }
    Ok(true)
}

fn key_at(data: &[u8], at: usize) -> &Key {
    unsafe { &*(data[at..at + 32].as_ptr() as *const Key) }
}

fn number_at(data: &[u8], at: usize) -> u64 {
    unsafe { (data[at..at + 8].as_ptr() as *const u64).read_unaligned() }
}
