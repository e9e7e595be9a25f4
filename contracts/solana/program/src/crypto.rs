//! What the EVM contracts compute, byte for byte: docs/protocol.md, "Report" and "Rewards".

use crate::guard::Result;
use crate::syscalls;
use depin_interface::accounts::{Config, Network};
use depin_interface::instructions::Leaf;
use depin_interface::{Address, Code, Key, REPORT_LENGTH};

/// The byte that says "Solana" in every domain.
pub const KIND: [u8; 1] = [1];
const REPORT_TAG: &[u8; 16] = b"\x19DePIN report v1";
const REWARD_TAG: &[u8] = b"\x19DePIN reward v1";
const CONFIG_TAG: &[u8] = b"\x19DePIN config v1";
/// Half of secp256k1's group order: of s and n − s only the lower one is a signature here.
const HALF_ORDER: [u64; 4] = [0x7fffffffffffffff, 0xffffffffffffffff, 0x5d576e7357a4501d, 0xdfe92f46681b20a0];

/// The fields of a report that the program looks at.
pub struct Report<'a>(pub &'a [u8; REPORT_LENGTH]);

impl<'a> Report<'a> {
    /// A report, which must carry the tag of one.
    pub fn read(bytes: &'a [u8; REPORT_LENGTH]) -> Result<Self> {
        require!(bytes[..16] == *REPORT_TAG, Code::BadTag);
        Ok(Self(bytes))
    }

    #[inline(always)]
    fn u64(&self, at: usize) -> u64 {
        unsafe { (self.0.as_ptr().add(at) as *const u64).read_unaligned() }.swap_bytes()
    }

    #[inline(always)]
    fn key(&self, at: usize) -> &'a Key {
        unsafe { &*(self.0.as_ptr().add(at) as *const Key) }
    }

    #[inline(always)]
    fn u128(&self, at: usize) -> u128 {
        (self.u64(at) as u128) << 64 | self.u64(at + 8) as u128
    }

    pub fn config_digest(&self) -> &'a Key { self.key(16) }
    pub fn generation(&self) -> u64 { self.u64(48) }
    pub fn epoch(&self) -> u64 { self.u64(56) }
    pub fn period_start(&self) -> u64 { self.u64(64) }
    pub fn period_end(&self) -> u64 { self.u64(72) }
    pub fn previous_digest(&self) -> &'a Key { self.key(120) }
    pub fn rewards_root(&self) -> &'a Key { self.key(216) }
    pub fn leaf_count(&self) -> u32 { (self.u64(280) >> 32) as u32 }
    pub fn cumulative_total(&self) -> u128 { self.u128(284) }
    pub fn unallocated(&self) -> u128 { self.u128(300) }

    /// What the operators sign.
    pub fn digest(&self) -> Key {
        syscalls::keccak([self.0])
    }
}

/// Who signed `digest`: 64 bytes, a compact EIP-2098 signature (r · parity and s) with low s.
pub fn recover(digest: &Key, compact: &[u8]) -> Result<Address> {
    Ok(address_of(&recover_key(digest, compact, Code::BadSignature)?))
}

/// The same, as the key's x · y; what is no signature is refused with `refusal`.
pub fn recover_key(digest: &Key, compact: &[u8], refusal: Code) -> Result<[u8; 64]> {
    let mut signature = [0u8; 64];
    signature.copy_from_slice(compact);
    let parity = signature[32] >> 7;
    signature[32] &= 0x7f;
    require!(is_low(&signature), refusal);
    syscalls::secp256k1_recover(digest, parity as u64, &signature).map_err(|_| refusal)
}

/// The last 20 bytes of keccak(x · y).
pub fn address_of(public: &[u8; 64]) -> Address {
    let hash = syscalls::keccak([public]);
    let mut address = [0u8; 20];
    address.copy_from_slice(&hash[12..]);
    address
}

fn is_low(signature: &[u8; 64]) -> bool {
    let mut i = 0;
    while i < 4 {
        let digit = unsafe { (signature.as_ptr().add(32 + 8 * i) as *const u64).read_unaligned() }.swap_bytes();
        if digit != HALF_ORDER[i] {
            return digit < HALF_ORDER[i];
        }
        i += 1;
    }
    true
}

#[inline(always)]
pub fn same_address(a: &Address, b: &Address) -> bool {
    let (x, y) = (a.as_ptr(), b.as_ptr());
    unsafe {
        (x as *const u64).read_unaligned() == (y as *const u64).read_unaligned()
            && (x.add(8) as *const u64).read_unaligned() == (y.add(8) as *const u64).read_unaligned()
            && (x.add(16) as *const u32).read_unaligned() == (y.add(16) as *const u32).read_unaligned()
    }
}

/// Binds leaves to one cluster, distributor and token.
pub fn reward_domain(chain: &Key, distributor: &Key, token: &Key) -> Key {
    syscalls::keccak([REWARD_TAG, &KIND, chain, distributor, token])
}

/// Names a set with its rules.
pub fn config_digest(network: &Network, config: &Config) -> Key {
    let (count, first_epoch, n, q) = (config.count.to_be_bytes(), config.first_epoch.to_be_bytes(), config.n, config.q);
    let members = unsafe { core::slice::from_raw_parts(config.members.as_ptr() as *const u8, 52 * n as usize) };
    syscalls::keccak([
        CONFIG_TAG, &KIND, &network.chain, &network.ledger, &network.distributor, &network.mint, &count, &first_epoch, &[n, q], members,
        &config.parameters_hash, &config.rules_hash,
    ])
}

/// A leaf with its proof, and the tree that it is said to stand in.
pub struct Placed<'a> {
    pub domain: &'a Key,
    pub root: &'a Key,
    pub leaf_count: u32,
    pub index: u32,
    pub account: &'a Key,
    pub leaf: &'a Leaf,
    pub proof: &'a [u8],
}

impl Placed<'_> {
    /// keccak(keccak(preimage)).
    fn hash(&self) -> Key {
        let (index, cumulative, prefix) = (self.index.to_be_bytes(), big_endian(self.leaf.cumulative), big_endian(self.leaf.prefix));
        let inner = syscalls::keccak([self.domain, &index, self.account, &cumulative, &prefix, &self.leaf.items_hash]);
        syscalls::keccak([&inner])
    }

    /// Refuses a leaf that does not stand at its index in the positional tree under the root.
    pub fn check(&self) -> Result {
        require!(self.index < self.leaf_count, Code::BadProof);
        require!(self.proof.len() == 32 * depth(self.leaf_count), Code::BadProof);
        let (mut node, mut position, mut at) = (self.hash(), self.index, 0);
        while at < self.proof.len() {
            let sibling = unsafe { core::slice::from_raw_parts(self.proof.as_ptr().add(at), 32) };
            node = if position & 1 == 0 { syscalls::keccak([&node, sibling]) } else { syscalls::keccak([sibling, &node]) };
            position >>= 1;
            at += 32;
        }
        require!(crate::account::same(&node, self.root), Code::BadProof);
        Ok(())
    }
}

fn big_endian(value: u128) -> [u8; 16] {
    let mut out = [0u8; 16];
    out[..8].copy_from_slice(&((value >> 64) as u64).to_be_bytes());
    out[8..].copy_from_slice(&(value as u64).to_be_bytes());
    out
}

/// The least d with 2^d ≥ `leaf_count`.
fn depth(leaf_count: u32) -> usize {
    if leaf_count < 2 {
        return 0;
    }
    32 - (leaf_count - 1).leading_zeros() as usize
}
