//! Instructions: discriminator, then Borsh arguments. Accounts stand in `idl/depin.json` in order.

use crate::discriminator::of;

macro_rules! instructions {
    ($($constant:ident $name:literal)*) => { $(pub const $constant: u64 = of(concat!("global:", $name));)* };
}

instructions! {
    INITIALIZE "initialize"
    PROPOSE_OWNER "propose_owner"
    ACCEPT_OWNER "accept_owner"
    REGISTER_OPERATOR "register_operator"
    ADD_BOND "add_bond"
    SET_ENDPOINT "set_endpoint"
    REQUEST_EXIT "request_exit"
    WITHDRAW_BOND "withdraw_bond"
    SCHEDULE_CONFIG "schedule_config"
    RECOVER "recover"
    ATTEST "attest"
    CHALLENGE "challenge"
    CANCEL "cancel"
    RECLAIM_BOND "reclaim_bond"
    FINALIZE "finalize"
    OPEN_PAYOUT "open_payout"
    SCHEDULE_RECIPIENT "schedule_recipient"
    APPLY_RECIPIENT "apply_recipient"
    CLAIM "claim"
    CLAIM_MANY "claim_many"
    SET_BREAKER "set_breaker"
    PROVE_TREE_FAULT "prove_tree_fault"
    PROVE_EQUIVOCATION "prove_equivocation"
    OPEN_SIGNATURES "open_signatures"
    ADD_SIGNATURES "add_signatures"
    ATTEST_SIGNED "attest_signed"
    CLOSE_SIGNATURES "close_signatures"
    WRITE_BUFFER "write_buffer"
    CLOSE_BUFFER "close_buffer"
    PROVE_TREE_FAULT_BUFFERED "prove_tree_fault_buffered"
    OPEN_REGISTRY "open_registry"
    SET_MAKER "set_maker"
    ADD_MODEL "add_model"
    PUBLISH_BATCH "publish_batch"
    REVOKE_BATCH "revoke_batch"
    REGISTER_DEVICE "register_device"
    ASSERT_CELL "assert_cell"
    RETIRE_DEVICE "retire_device"
    SUSPEND_DEVICE "suspend_device"
    REINSTATE_DEVICE "reinstate_device"
    TRANSFER_DEVICE "transfer_device"
    SCHEDULE_KEY "schedule_key"
    CANCEL_KEY "cancel_key"
    APPLY_KEY "apply_key"
    OPEN_STAKING "open_staking"
    DEPOSIT_STAKE "deposit_stake"
    REQUEST_THAW "request_thaw"
    CANCEL_THAW "cancel_thaw"
    WITHDRAW_STAKE "withdraw_stake"
    SLASH_STAKE "slash_stake"
}

/// A call that is an event (Anchor's tag for those: the first eight bytes of SHA-256 of "anchor:event", read backwards).
pub const EVENT: u64 = 0x1d9a_cb51_2ea5_45e4;

/// Arguments of `initialize`.
#[derive(Clone, Copy)]
#[repr(C, packed)]
pub struct Parameters {
    pub chain: crate::Key,
    pub owner: crate::Key,
    pub arbiter: crate::Key,
    pub genesis: u64,
    pub epoch_length: u64,
    pub challenge_window: u64,
    pub challenge_extension: u64,
    pub challenge_bond: u64,
    pub min_bond: u64,
    pub bond_thaw: u64,
    pub recovery_silence: u64,
    pub recipient_delay: u64,
    pub reporter_bps: u16,
    pub emission_base: u64,
    pub emission_decay: u128,
    pub breaker_capacity: u64,
    pub breaker_min_capacity: u64,
    pub breaker_max_capacity: u64,
    pub breaker_window: u64,
}
const _: () = assert!(core::mem::size_of::<Parameters>() == 96 + 72 + 2 + 8 + 16 + 32);

/// A leaf and its proof, as claims and tree faults carry it before the proof itself (u32 length · nodes of 32, bottom first).
#[derive(Clone, Copy)]
#[repr(C, packed)]
pub struct Leaf {
    pub cumulative: u128,
    pub prefix: u128,
    pub items_hash: crate::Key,
}
const _: () = assert!(core::mem::size_of::<Leaf>() == 64);

/// Key types, as the envelope of a proof numbers them.
pub const SECP256K1: u8 = 1;
pub const P256: u8 = 2;
pub const ED25519: u8 = 3;

/// What a device signs besides its key, which stands before it (u8 type · u32 length · key).
#[derive(Clone, Copy)]
#[repr(C, packed)]
pub struct RegistrationFields {
    pub owner: crate::Key,
    pub model_id: u32,
    /// 0 = approved by the maker's signature, else by standing in that batch.
    pub batch_id: u64,
    pub cell: u64,
    pub metadata: crate::Key,
    /// 0: a key is good for one action.
    pub nonce: u64,
    /// Unix seconds.
    pub deadline: u64,
}
const _: () = assert!(core::mem::size_of::<RegistrationFields>() == 100);

/// Arguments of `set_maker`.
#[derive(Clone, Copy)]
#[repr(C, packed)]
pub struct MakerSettings {
    pub maker_id: u32,
    pub account: crate::Key,
    pub approver: crate::Address,
    pub quota: u32,
    pub active: u8,
}
const _: () = assert!(core::mem::size_of::<MakerSettings>() == 61);

/// Arguments of `add_model`.
#[derive(Clone, Copy)]
#[repr(C, packed)]
pub struct ModelSettings {
    pub class: u16,
    pub capabilities: u32,
    pub cadence: u32,
    pub metadata: crate::Key,
}
const _: () = assert!(core::mem::size_of::<ModelSettings>() == 42);

/// Arguments of `open_staking`.
#[derive(Clone, Copy)]
#[repr(C, packed)]
pub struct StakingSettings {
    pub slasher: crate::Key,
    pub min_deposit: u64,
    pub pool_cap: u64,
    pub thaw_period: u64,
    pub delegation_ratio: u32,
    pub max_thaws: u32,
}
const _: () = assert!(core::mem::size_of::<StakingSettings>() == 64);
