//! What a client and the program share: account layouts, instruction and event identities, numbered errors.
//! Wire format: Anchor's (eight bytes of SHA-256 before Borsh fields). Everything on chain is little-endian; what operators sign is big-endian.
#![no_std]

pub mod accounts;
pub mod discriminator;
pub mod errors;
pub mod events;
pub mod instructions;

pub use errors::Code;

/// An account's address.
pub type Key = [u8; 32];
/// The address of a secp256k1 key: the last 20 bytes of keccak(x · y).
pub type Address = [u8; 20];

/// Bytes of a report.
pub const REPORT_LENGTH: usize = 348;
/// Operators of a set: 3f + 1 within these bounds.
pub const MIN_SET: usize = 4;
pub const MAX_SET: usize = 31;
/// Claim slots of a page; the page number of a payout index is index / PAGE_SLOTS.
pub const PAGE_SLOTS: usize = 1024;
/// Reports kept: the parent of the oldest open one, and up to fifteen that are open.
pub const RING: usize = 16;
/// Configs that are in force or scheduled at once.
pub const SCHEDULE: usize = 8;
/// Seconds by which the cluster's clock may be off: added to every period that protects somebody.
pub const CLOCK_TOLERANCE: u64 = 60;
/// Most of a slashed bond that may go to who reports it.
pub const MAX_REPORTER_BPS: u16 = 500;
/// Most bytes of an operator's endpoint.
pub const ENDPOINT: usize = 128;

/// Most bytes of the place where a batch's devices are listed.
pub const URI: usize = 200;

/// Places for open thaws in a staker's position.
pub const MAX_THAWS: usize = 8;

pub mod seeds {
    //! First seed of each program-derived address. `network` is the network account's address.
    /// `["network", mint]`
    pub const NETWORK: &[u8] = b"network";
    /// `["ledger", network]`
    pub const LEDGER: &[u8] = b"ledger";
    /// `["distributor", network]`
    pub const DISTRIBUTOR: &[u8] = b"distributor";
    /// `["vault", network]`: the rewards, a token account of the network's.
    pub const VAULT: &[u8] = b"vault";
    /// `["bonds", network]`: operators' bonds, challenge bonds and stakes, a token account of the network's.
    pub const BONDS: &[u8] = b"bonds";
    /// `["operator", network, report key 20]`
    pub const OPERATOR: &[u8] = b"operator";
    /// `["protocol-key", network, protocol key 32]`
    pub const PROTOCOL_KEY: &[u8] = b"protocol-key";
    /// `["config", network, count u64 LE]`
    pub const CONFIG: &[u8] = b"config";
    /// `["challenge", network, digest 32]`
    pub const CHALLENGE: &[u8] = b"challenge";
    /// `["payout", network, account 32]`
    pub const PAYOUT: &[u8] = b"payout";
    /// `["page", network, page u32 LE]`
    pub const PAGE: &[u8] = b"page";
    /// `["buffer", writer]`
    pub const BUFFER: &[u8] = b"buffer";
    /// `["signatures", network, digest 32, payer 32]`
    pub const SIGNATURES: &[u8] = b"signatures";
    /// `["registry", network]`
    pub const REGISTRY: &[u8] = b"registry";
    /// `["maker", network, maker id u32 LE]`
    pub const MAKER: &[u8] = b"maker";
    /// `["model", network, model id u32 LE]`
    pub const MODEL: &[u8] = b"model";
    /// `["batch", network, batch id u64 LE]`
    pub const BATCH: &[u8] = b"batch";
    /// `["device", network, device id 32]`: a device at its first key's, a `DeviceKey` at any later one's.
    pub const DEVICE: &[u8] = b"device";
    /// `["staking", network]`
    pub const STAKING: &[u8] = b"staking";
    /// `["pool", network, provider 32]`
    pub const POOL: &[u8] = b"pool";
    /// `["position", network, provider 32, staker 32]`
    pub const POSITION: &[u8] = b"position";
}
