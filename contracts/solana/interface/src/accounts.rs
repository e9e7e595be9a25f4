//! Account layouts: packed, little-endian, each beginning with its discriminator. A size is part of the interface.

use crate::{discriminator, Address, Key, ENDPOINT, MAX_SET, MAX_THAWS, PAGE_SLOTS, REPORT_LENGTH, RING, SCHEDULE};
use core::mem::size_of;

/// A layout of an account.
///
/// # Safety
/// The type is packed, `Copy`, without padding, valid for every bit pattern, and begins with its discriminator.
pub unsafe trait Layout: Copy {
    const DISCRIMINATOR: u64;
}

macro_rules! layout {
    ($name:ident, $size:expr) => {
        const _: () = assert!(size_of::<$name>() == $size);
        unsafe impl Layout for $name {
            const DISCRIMINATOR: u64 = discriminator::of(concat!("account:", stringify!($name)));
        }
    };
}

/// What a network is: set once, but for owner and arbiter's successor. Signs for its token accounts and as the mint's authority.
#[derive(Clone, Copy)]
#[repr(C, packed)]
pub struct Network {
    pub discriminator: u64,
    pub bump: u8,
    pub decimals: u8,
    /// The cluster's genesis hash; enters every domain.
    pub chain: Key,
    pub mint: Key,
    pub token_program: Key,
    pub ledger: Key,
    pub distributor: Key,
    pub vault: Key,
    pub bonds: Key,
    /// Schedules sets and moves the breaker within its bounds.
    pub owner: Key,
    /// Becomes the owner when it accepts; zero if nobody was asked.
    pub pending_owner: Key,
    /// May void a report that is not final, and nothing else.
    pub arbiter: Key,
    /// Start of epoch 1, unix seconds.
    pub genesis: u64,
    /// Seconds.
    pub epoch_length: u64,
    pub challenge_window: u64,
    pub challenge_extension: u64,
    /// Base units.
    pub challenge_bond: u64,
    pub min_bond: u64,
    /// Seconds.
    pub bond_thaw: u64,
    pub recovery_silence: u64,
    pub recipient_delay: u64,
    pub reporter_bps: u16,
    /// Emission of epoch 1, base units.
    pub emission_base: u128,
    /// One epoch's emission of the one before it, in 2^-96.
    pub emission_decay: u128,
}
layout!(Network, 436);

/// An accepted report. Kept by epoch modulo RING; a void one is overwritten by its successor.
#[derive(Clone, Copy)]
#[repr(C, packed)]
pub struct Report {
    pub epoch: u64,
    pub digest: Key,
    pub rewards_root: Key,
    pub cumulative_total: u128,
    pub leaf_count: u32,
    /// End of the challenge window, unix seconds.
    pub claimable_at: u64,
    /// 0 none, 1 pending, 2 challenged, 3 final.
    pub status: u8,
    /// How often a report of this epoch was voided.
    pub cancellations: u32,
}
pub const NONE: u8 = 0;
pub const PENDING: u8 = 1;
pub const CHALLENGED: u8 = 2;
pub const FINAL: u8 = 3;

/// From which epoch a config is in force.
#[derive(Clone, Copy)]
#[repr(C, packed)]
pub struct Scheduled {
    pub count: u64,
    pub first_epoch: u64,
}

/// The chain of reports and the order of configs. Its address is the "report verifier" of the config digest and the network id.
#[derive(Clone, Copy)]
#[repr(C, packed)]
pub struct Ledger {
    pub discriminator: u64,
    pub network: Key,
    pub last_epoch: u64,
    pub next_final: u64,
    pub generation: u64,
    pub last_accepted_at: u64,
    pub last_cancelled_at: u64,
    pub payout_count: u32,
    pub config_count: u64,
    /// Used entries of `schedule`, ascending by count and by first epoch.
    pub scheduled: u8,
    pub schedule: [Scheduled; SCHEDULE],
    pub reports: [Report; RING],
}
layout!(Ledger, 8 + 32 + 40 + 4 + 8 + 1 + SCHEDULE * 16 + RING * 105);

#[derive(Clone, Copy)]
#[repr(C, packed)]
pub struct Root {
    pub root: Key,
    pub epoch: u64,
    pub leaf_count: u32,
    pub cumulative_total: u128,
}

/// Claimable roots and the breaker in front of the vault. Its address is the "distributor" of every domain.
#[derive(Clone, Copy)]
#[repr(C, packed)]
pub struct Distributor {
    pub discriminator: u64,
    pub network: Key,
    /// keccak(tag · kind · chain · distributor · token): before every leaf.
    pub domain: Key,
    pub current: Root,
    pub previous: Root,
    pub total_claimed: u64,
    /// The leaky bucket, base units, as of `updated_at`.
    pub level: u64,
    pub updated_at: u64,
    pub capacity: u64,
    pub min_capacity: u64,
    pub max_capacity: u64,
    /// Seconds in which a full breaker drains.
    pub window: u64,
}
layout!(Distributor, 8 + 64 + 2 * 60 + 56);

#[derive(Clone, Copy)]
#[repr(C, packed)]
pub struct Operator {
    pub discriminator: u64,
    pub network: Key,
    /// Owner of the bond.
    pub account: Key,
    pub report_key: Address,
    pub protocol_key: Key,
    pub bond: u64,
    /// Count of the newest config that it is a member of; 0 = none yet.
    pub last_config: u64,
    /// End of the thaw, 0 = none asked.
    pub exit_at: u64,
    pub slashed: u8,
    pub endpoint_length: u8,
    pub endpoint: [u8; ENDPOINT],
}
layout!(Operator, 8 + 32 * 2 + 20 + 32 + 24 + 2 + ENDPOINT);

/// Says that a protocol key was used; never closed.
#[derive(Clone, Copy)]
#[repr(C, packed)]
pub struct UsedKey {
    pub discriminator: u64,
    pub network: Key,
    pub operator: Key,
}
layout!(UsedKey, 72);

#[derive(Clone, Copy)]
#[repr(C, packed)]
pub struct Member {
    pub report_key: Address,
    pub protocol_key: Key,
}

/// A set of operators with its rules; the first `n` members ascend by report key.
#[derive(Clone, Copy)]
#[repr(C, packed)]
pub struct Config {
    pub discriminator: u64,
    pub network: Key,
    pub count: u64,
    pub first_epoch: u64,
    /// Last epoch that its members could sign; the largest number while it is the newest.
    pub last_epoch: u64,
    pub digest: Key,
    pub parameters_hash: Key,
    pub rules_hash: Key,
    pub n: u8,
    pub q: u8,
    pub members: [Member; MAX_SET],
}
layout!(Config, 8 + 32 + 24 + 96 + 2 + MAX_SET * 52);

#[derive(Clone, Copy)]
#[repr(C, packed)]
pub struct Challenge {
    pub discriminator: u64,
    pub network: Key,
    pub challenger: Key,
    pub digest: Key,
    pub epoch: u64,
}
layout!(Challenge, 112);

/// A payout account at its permanent index.
#[derive(Clone, Copy)]
#[repr(C, packed)]
pub struct Payout {
    pub discriminator: u64,
    pub network: Key,
    pub account: Key,
    pub index: u32,
    /// Who is paid: owner of the token account that claims go to.
    pub recipient: Key,
    pub pending_recipient: Key,
    /// When the pending recipient may take effect, 0 = none.
    pub ready_at: u64,
}
layout!(Payout, 8 + 32 * 4 + 4 + 8);

/// What PAGE_SLOTS payout accounts have ever claimed, by index modulo PAGE_SLOTS. Never closed.
#[derive(Clone, Copy)]
#[repr(C, packed)]
pub struct Page {
    pub discriminator: u64,
    pub network: Key,
    pub number: u32,
    pub claimed: [u64; PAGE_SLOTS],
}
layout!(Page, 44 + PAGE_SLOTS * 8);

/// A report with the signatures that were checked so far, for sets whose quorum exceeds a transaction.
#[derive(Clone, Copy)]
#[repr(C, packed)]
pub struct Signatures {
    pub discriminator: u64,
    pub network: Key,
    pub payer: Key,
    pub digest: Key,
    pub bitmap: u32,
    pub report: [u8; REPORT_LENGTH],
}
layout!(Signatures, 8 + 96 + 4 + REPORT_LENGTH);

/// Devices of a network: who counts them. Its address is the "registry" of what devices sign.
#[derive(Clone, Copy)]
#[repr(C, packed)]
pub struct DeviceRegistry {
    pub discriminator: u64,
    pub network: Key,
    /// Seconds between scheduling a device's new key and its taking effect.
    pub key_delay: u64,
    pub models: u32,
    pub batches: u64,
    pub devices: u64,
}
layout!(DeviceRegistry, 68);

/// Who makes devices and vouches for them.
#[derive(Clone, Copy)]
#[repr(C, packed)]
pub struct DeviceMaker {
    pub discriminator: u64,
    pub network: Key,
    pub maker_id: u32,
    /// May add models and batches, and approves devices by signing the transaction.
    pub account: Key,
    /// The key that approves devices by signing what they sign; zero if none does.
    pub approver: Address,
    pub active: u8,
    /// Most devices ever.
    pub quota: u32,
    pub issued: u32,
}
layout!(DeviceMaker, 105);

#[derive(Clone, Copy)]
#[repr(C, packed)]
pub struct DeviceModel {
    pub discriminator: u64,
    pub network: Key,
    pub model_id: u32,
    pub maker_id: u32,
    /// Resource class.
    pub class: u16,
    /// Class-defined bit set.
    pub capabilities: u32,
    /// Seconds between proofs as designed; 0 = irregular.
    pub cadence: u32,
    pub metadata: Key,
}
layout!(DeviceModel, 90);

/// Devices that their maker approved in bulk.
#[derive(Clone, Copy)]
#[repr(C, packed)]
pub struct DeviceBatch {
    pub discriminator: u64,
    pub network: Key,
    pub batch_id: u64,
    pub maker_id: u32,
    pub root: Key,
    /// Most devices of the batch.
    pub count: u32,
    pub registered: u32,
    pub revoked: u8,
}
layout!(DeviceBatch, 93);

/// A device, at the address of the key that it was registered with; never closed.
#[derive(Clone, Copy)]
#[repr(C, packed)]
pub struct Device {
    pub discriminator: u64,
    pub network: Key,
    /// Counts from 1; keeps when the key is rotated.
    pub token: u64,
    pub owner: Key,
    pub model_id: u32,
    /// 1 active, 2 suspended, 3 retired.
    pub status: u8,
    /// Unix seconds.
    pub registered_at: u64,
    /// H3 cell, 0 = unknown.
    pub cell: u64,
    /// 1 secp256k1, 2 P-256, 3 Ed25519.
    pub key_type: u8,
    /// keccak(key type · public key) of the current key.
    pub device_id: Key,
    pub pending_key_type: u8,
    pub pending_device_id: Key,
    /// When the pending key may take effect, 0 = none.
    pub ready_at: u64,
}
layout!(Device, 8 + 32 * 4 + 8 * 4 + 4 + 3);
pub const ACTIVE: u8 = 1;
pub const SUSPENDED: u8 = 2;
pub const RETIRED: u8 = 3;

/// A key that a device was rotated to, or was to be; never closed, so that a key once used is used for ever.
#[derive(Clone, Copy)]
#[repr(C, packed)]
pub struct DeviceKey {
    pub discriminator: u64,
    pub network: Key,
    pub device: Key,
    pub token: u64,
}
layout!(DeviceKey, 80);

/// Rules of the providers' stakes: set once.
#[derive(Clone, Copy)]
#[repr(C, packed)]
pub struct Staking {
    pub discriminator: u64,
    pub network: Key,
    /// The one account that may slash.
    pub slasher: Key,
    /// Least deposit, base units.
    pub min_deposit: u64,
    /// Most stake of a pool, active and thawing, base units.
    pub pool_cap: u64,
    /// Seconds between asking for stake and getting it.
    pub thaw_period: u64,
    /// Most delegated stake per unit of the provider's own.
    pub delegation_ratio: u32,
    /// Most open thaws of a staker in a pool.
    pub max_thaws: u32,
}
layout!(Staking, 8 + 64 + 24 + 8);

/// A provider's pool: its own stake and what was delegated to it.
#[derive(Clone, Copy)]
#[repr(C, packed)]
pub struct Pool {
    pub discriminator: u64,
    pub network: Key,
    pub provider: Key,
    /// Active stake, base units.
    pub tokens: u64,
    pub shares: u128,
    pub thawing_tokens: u64,
    pub thawing_shares: u128,
    /// The provider's own among `shares`.
    pub self_shares: u128,
    /// Rises when the pool is slashed to nothing: older shares and thaws are void.
    pub generation: u64,
}
layout!(Pool, 8 + 64 + 24 + 48);

/// Stake on its way out, which can be slashed until it is withdrawn.
#[derive(Clone, Copy)]
#[repr(C, packed)]
pub struct Thaw {
    pub thaw_id: u32,
    /// Of the thawing pool.
    pub shares: u128,
    /// Unix seconds, 0 = no thaw.
    pub ready_at: u64,
    pub generation: u64,
}

/// A staker's place in a pool; never closed.
#[derive(Clone, Copy)]
#[repr(C, packed)]
pub struct Position {
    pub discriminator: u64,
    pub network: Key,
    pub pool: Key,
    pub staker: Key,
    pub shares: u128,
    pub generation: u64,
    pub open_thaws: u32,
    pub next_thaw: u32,
    pub thaws: [Thaw; MAX_THAWS],
}
layout!(Position, 8 + 96 + 16 + 8 + 8 + MAX_THAWS * 36);

/// Bytes for an instruction that exceeds a transaction; the instruction's arguments follow the header.
#[derive(Clone, Copy)]
#[repr(C, packed)]
pub struct Buffer {
    pub discriminator: u64,
    pub writer: Key,
    pub length: u32,
}
layout!(Buffer, 44);
