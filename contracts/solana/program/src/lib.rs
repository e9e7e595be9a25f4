//! The DePIN network's settlement program: the state machine of `contracts/evm` on Solana, with the same report, signatures and reward tree.
//! One instruction, one file. A check is one `require!`, so that a test can drop each in turn and see who misses it.
#![cfg_attr(any(target_os = "solana", target_arch = "bpf"), no_std)]
#![cfg_attr(any(target_os = "solana", target_arch = "bpf"), no_main)]

#[macro_use]
mod guard;
mod account;
mod crypto;
mod data;
mod emission;
mod events;
mod extension;
mod instructions;
mod math;
mod p256;
mod precompile;
mod registration;
mod stake;
mod syscalls;
mod token;

use account::Accounts;
use depin_interface::{instructions as id, Code};

/// Where the loader starts us; `input` is laid out as the runtime lays it out.
///
/// # Safety
/// Only the runtime calls this.
#[cfg(any(target_os = "solana", target_arch = "bpf"))]
#[no_mangle]
pub unsafe extern "C" fn entrypoint(input: *mut u8) -> u64 {
    let mut accounts = Accounts::new();
    let outcome = match accounts.parse(input) {
        Ok((data, program)) => dispatch(&mut accounts, data, program),
        Err(code) => Err(code),
    };
    match outcome {
        Ok(()) => 0,
        Err(code) => {
            syscalls::log(code.line());
            code as u64
        }
    }
}

#[cfg(any(target_os = "solana", target_arch = "bpf"))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    syscalls::abort()
}

#[allow(dead_code)]
fn dispatch(accounts: &mut Accounts, data: &[u8], program: &depin_interface::Key) -> guard::Result {
    require!(data.len() >= 8, Code::UnknownInstruction);
    let (head, arguments) = data.split_at(8);
    let mut number = [0u8; 8];
    number.copy_from_slice(head);
    let call = instructions::Call { accounts, program, data: data::Reader::new(arguments) };
    match u64::from_le_bytes(number) {
        id::ATTEST => instructions::attest::run(call),
        id::CLAIM => instructions::claim::run(call),
        id::CLAIM_MANY => instructions::claim_many::run(call),
        id::FINALIZE => instructions::finalize::run(call),
        id::INITIALIZE => instructions::initialize::run(call),
        id::PROPOSE_OWNER => instructions::propose_owner::run(call),
        id::ACCEPT_OWNER => instructions::accept_owner::run(call),
        id::REGISTER_OPERATOR => instructions::register_operator::run(call),
        id::ADD_BOND => instructions::add_bond::run(call),
        id::SET_ENDPOINT => instructions::set_endpoint::run(call),
        id::REQUEST_EXIT => instructions::request_exit::run(call),
        id::WITHDRAW_BOND => instructions::withdraw_bond::run(call),
        id::SCHEDULE_CONFIG => instructions::schedule_config::run(call),
        id::RECOVER => instructions::recover::run(call),
        id::CHALLENGE => instructions::challenge::run(call),
        id::CANCEL => instructions::cancel::run(call),
        id::RECLAIM_BOND => instructions::reclaim_bond::run(call),
        id::OPEN_PAYOUT => instructions::open_payout::run(call),
        id::SCHEDULE_RECIPIENT => instructions::schedule_recipient::run(call),
        id::APPLY_RECIPIENT => instructions::apply_recipient::run(call),
        id::SET_BREAKER => instructions::set_breaker::run(call),
        id::PROVE_TREE_FAULT => instructions::prove_tree_fault::run(call),
        id::OPEN_SIGNATURES => instructions::open_signatures::run(call),
        id::ADD_SIGNATURES => instructions::add_signatures::run(call),
        id::ATTEST_SIGNED => instructions::attest_signed::run(call),
        id::CLOSE_SIGNATURES => instructions::close_signatures::run(call),
        id::WRITE_BUFFER => instructions::write_buffer::run(call),
        id::CLOSE_BUFFER => instructions::close_buffer::run(call),
        id::PROVE_TREE_FAULT_BUFFERED => instructions::prove_tree_fault::run_buffered(call),
        id::PROVE_EQUIVOCATION => instructions::prove_equivocation::run(call),
        id::OPEN_REGISTRY => instructions::open_registry::run(call),
        id::SET_MAKER => instructions::set_maker::run(call),
        id::ADD_MODEL => instructions::add_model::run(call),
        id::PUBLISH_BATCH => instructions::publish_batch::run(call),
        id::REVOKE_BATCH => instructions::revoke_batch::run(call),
        id::REGISTER_DEVICE => instructions::register_device::run(call),
        id::ASSERT_CELL => instructions::assert_cell::run(call),
        id::RETIRE_DEVICE => instructions::retire_device::run(call),
        id::TRANSFER_DEVICE => instructions::transfer_device::run(call),
        id::SCHEDULE_KEY => instructions::schedule_key::run(call),
        id::CANCEL_KEY => instructions::cancel_key::run(call),
        id::APPLY_KEY => instructions::apply_key::run(call),
        id::SUSPEND_DEVICE => instructions::set_device_status::suspend(call),
        id::REINSTATE_DEVICE => instructions::set_device_status::reinstate(call),
        id::OPEN_STAKING => instructions::open_staking::run(call),
        id::DEPOSIT_STAKE => instructions::deposit_stake::run(call),
        id::REQUEST_THAW => instructions::request_thaw::run(call),
        id::CANCEL_THAW => instructions::cancel_thaw::run(call),
        id::WITHDRAW_STAKE => instructions::withdraw_stake::run(call),
        id::SLASH_STAKE => instructions::slash_stake::run(call),
        id::EVENT => events::run(call),
        _ => Err(Code::UnknownInstruction),
    }
}
