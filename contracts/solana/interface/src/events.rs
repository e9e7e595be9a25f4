//! Events: base64 of discriminator and Borsh fields, in "Program data:" lines. Together they carry all that a mirror needs: state follows from them alone.
//! A transaction's logs hold 10,000 bytes; the longest event, a set of 31, takes 2,500 of them.

use crate::{discriminator, Address, Key, REPORT_LENGTH};

/// An event's layout: packed, without the discriminator.
///
/// # Safety
/// The type is packed and without padding.
pub unsafe trait Event: Copy {
    const DISCRIMINATOR: u64;
    /// Whether a counted list (a text, bytes, structures) follows the fields.
    const TAIL: bool;
}

/// `+ name: type,` is the field of changing length, always the last one.
macro_rules! events {
    ($($(#[$doc:meta])* $name:ident { $($field:ident: $type:ty,)* $(+ $tail:ident: $tail_type:ty,)? })*) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy)]
        #[repr(C, packed)]
        pub struct $name { pub network: Key, $(pub $field: $type,)* }
        unsafe impl Event for $name {
            const DISCRIMINATOR: u64 = discriminator::of(concat!("event:", stringify!($name)));
            const TAIL: bool = false $(|| !stringify!($tail).is_empty())?;
        }
    )* };
}

events! {
    NetworkInitialized {
        mint: Key, ledger: Key, distributor: Key, chain: Key, owner: Key, arbiter: Key, domain: Key, decimals: u8,
        genesis: u64, epoch_length: u64, challenge_window: u64, challenge_extension: u64, challenge_bond: u64, min_bond: u64, bond_thaw: u64,
        recovery_silence: u64, recipient_delay: u64, reporter_bps: u16, emission_base: u64, emission_decay: u128,
        breaker_capacity: u64, breaker_min_capacity: u64, breaker_max_capacity: u64, breaker_window: u64,
    }
    OwnerProposed { owner: Key, pending: Key, }
    OwnerChanged { owner: Key, }
    OperatorRegistered { report_key: Address, account: Key, protocol_key: Key, bond: u64, + endpoint: String, }
    BondAdded { report_key: Address, amount: u64, bond: u64, }
    EndpointChanged { report_key: Address, + endpoint: String, }
    ExitRequested { report_key: Address, exit_at: u64, }
    BondWithdrawn { report_key: Address, amount: u64, }
    /// `to_reporter` went to the reporter, the rest of `bond` was burned.
    BondSlashed { report_key: Address, bond: u64, reporter: Key, to_reporter: u64, }
    /// `previous_last_epoch` = the last epoch that members of the set before can sign; zero for the first set.
    ConfigScheduled {
        count: u64, first_epoch: u64, digest: Key, n: u8, q: u8, parameters_hash: Key, rules_hash: Key, previous_last_epoch: u64, + members: Vec<Member>,
    }
    ReportAccepted { epoch: u64, generation: u64, digest: Key, signers: u32, claimable_at: u64, report: [u8; REPORT_LENGTH], }
    ReportChallenged { epoch: u64, digest: Key, challenger: Key, bond: u64, evidence: Key, claimable_at: u64, }
    /// `reason`: 1 arbiter, 2 tree fault. Every accepted report from `epoch` on is void.
    ReportCancelled { epoch: u64, new_generation: u64, digest: Key, reason: u8, cancelled_at: u64, }
    ChallengeSettled { epoch: u64, digest: Key, challenger: Key, bond: u64, returned: u8, }
    ReportFinalized { epoch: u64, digest: Key, rewards_root: Key, cumulative_total: u128, leaf_count: u32, }
    EpochMinted { epoch: u64, rewards: u64, unallocated: u64, }
    RootAdvanced { epoch: u64, root: Key, leaf_count: u32, cumulative_total: u128, }
    IndexAssigned { account: Key, index: u32, }
    RecipientScheduled { account: Key, recipient: Key, ready_at: u64, }
    RecipientChanged { account: Key, recipient: Key, }
    /// `claimed` = all that the account has now ever claimed.
    Claimed { account: Key, index: u32, recipient: Key, amount: u64, claimed: u64, root: Key, }
    /// A claim of a batch that paid nothing: exhausted, or the breaker has no room left.
    ClaimSkipped { account: Key, index: u32, }
    BreakerChanged { capacity: u64, }
    TreeFaultProven { epoch: u64, fault: u8, index: u32, reporter: Key, }
    EquivocationProven { report_key: Address, epoch: u64, generation: u64, digest_a: Key, digest_b: Key, reporter: Key, }
    RegistryOpened { key_delay: u64, }
    MakerSet { maker_id: u32, account: Key, approver: Address, quota: u32, active: u8, }
    ModelAdded { model_id: u32, maker_id: u32, class: u16, capabilities: u32, cadence: u32, metadata: Key, }
    BatchPublished { batch_id: u64, maker_id: u32, root: Key, count: u32, + uri: String, }
    BatchRevoked { batch_id: u64, }
    /// `token` counts from 1 and stays the device's when its key is rotated.
    DeviceRegistered {
        token: u64, device_id: Key, owner: Key, model_id: u32, key_type: u8, batch_id: u64, cell: u64, metadata: Key, registered_at: u64, + public_key: Bytes,
    }
    CellAsserted { token: u64, cell: u64, }
    DeviceTransferred { token: u64, from: Key, to: Key, }
    /// 1 active, 2 suspended, 3 retired.
    StatusChanged { token: u64, from: u8, to: u8, }
    KeyRotationScheduled { token: u64, device_id: Key, key_type: u8, ready_at: u64, + public_key: Bytes, }
    KeyRotationCancelled { token: u64, }
    KeyRotated { token: u64, old_device_id: Key, new_device_id: Key, key_type: u8, }
    StakingOpened { slasher: Key, min_deposit: u64, pool_cap: u64, thaw_period: u64, delegation_ratio: u32, max_thaws: u32, }
    StakeDeposited { provider: Key, staker: Key, tokens: u64, shares: u128, }
    /// `shares` of the pool became `thaw_shares` of its thawing part, worth `tokens`.
    ThawRequested { provider: Key, staker: Key, thaw_id: u32, shares: u128, tokens: u64, thaw_shares: u128, ready_at: u64, }
    ThawCancelled { provider: Key, staker: Key, thaw_id: u32, tokens: u64, shares: u128, }
    StakeWithdrawn { provider: Key, staker: Key, thaw_id: u32, tokens: u64, }
    /// Burned of the active and of the thawing stake.
    StakeSlashed { provider: Key, active: u64, thawing: u64, reason: Key, }
    /// All shares and thaws before this generation are void.
    PoolReset { provider: Key, generation: u64, }
}
