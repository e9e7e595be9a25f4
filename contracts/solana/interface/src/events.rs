//! Events: base64 of discriminator and Borsh fields, in "Program data:" lines. Together they carry all that a mirror needs.

use crate::{discriminator, Address, Key, REPORT_LENGTH};

/// An event's layout: packed, without the discriminator.
///
/// # Safety
/// The type is packed and without padding.
pub unsafe trait Event: Copy {
    const DISCRIMINATOR: u64;
}

macro_rules! events {
    ($($(#[$doc:meta])* $name:ident { $($field:ident: $type:ty,)* })*) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy)]
        #[repr(C, packed)]
        pub struct $name { pub network: Key, $(pub $field: $type,)* }
        unsafe impl Event for $name {
            const DISCRIMINATOR: u64 = discriminator::of(concat!("event:", stringify!($name)));
        }
    )* };
}

events! {
    NetworkInitialized { mint: Key, ledger: Key, distributor: Key, chain: Key, owner: Key, arbiter: Key, domain: Key, }
    OwnerProposed { owner: Key, pending: Key, }
    OwnerChanged { owner: Key, }
    OperatorRegistered { report_key: Address, account: Key, protocol_key: Key, bond: u64, }
    BondAdded { report_key: Address, amount: u64, bond: u64, }
    EndpointChanged { report_key: Address, }
    ExitRequested { report_key: Address, exit_at: u64, }
    BondWithdrawn { report_key: Address, amount: u64, }
    /// `to_reporter` went to the reporter, the rest of `bond` was burned.
    BondSlashed { report_key: Address, bond: u64, reporter: Key, to_reporter: u64, }
    /// The members are in the config account.
    ConfigScheduled { count: u64, first_epoch: u64, digest: Key, n: u8, q: u8, parameters_hash: Key, rules_hash: Key, }
    ReportAccepted { epoch: u64, generation: u64, digest: Key, signers: u32, claimable_at: u64, report: [u8; REPORT_LENGTH], }
    ReportChallenged { epoch: u64, digest: Key, challenger: Key, bond: u64, evidence: Key, claimable_at: u64, }
    /// `reason`: 1 arbiter, 2 tree fault. Every accepted report from `epoch` on is void.
    ReportCancelled { epoch: u64, new_generation: u64, digest: Key, reason: u8, }
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
}
