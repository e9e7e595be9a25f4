//! Signatures that the runtime's own programs check: such a check is an instruction of the same transaction, which fails as a whole where
//! the signature is bad. What was checked is read from the instructions sysvar.

use crate::account::{same, Account};
use crate::guard::Result;
use depin_interface::{Code, Key};

/// Sysvar1nstructions1111111111111111111111111
const INSTRUCTIONS: Key = [
    6, 167, 213, 23, 24, 123, 209, 102, 53, 218, 212, 4, 85, 253, 194, 192, 193, 36, 198, 143, 33, 86, 117, 165, 219, 186, 203, 95, 8, 0, 0, 0,
];
/// Ed25519SigVerify111111111111111111111111111
pub const ED25519: Key = [
    3, 125, 70, 214, 124, 147, 251, 190, 18, 249, 66, 143, 131, 141, 64, 255, 5, 112, 116, 73, 39, 244, 138, 100, 252, 202, 112, 68, 128, 0, 0, 0,
];
/// Secp256r1SigVerify1111111111111111111111111
pub const SECP256R1: Key = [
    6, 146, 13, 236, 47, 234, 113, 181, 183, 35, 129, 77, 116, 45, 169, 3, 28, 131, 231, 95, 219, 121, 93, 86, 142, 117, 71, 128, 32, 0, 0, 0,
];

/// Says "this very instruction" where an offset names an instruction.
const THIS: usize = u16::MAX as usize;
/// Count, padding, and seven numbers: offset and instruction of the signature, of the key; offset, size and instruction of the message.
const HEADER: usize = 16;

/// Refuses unless the instruction directly before the current one is a check by `program` of exactly one signature, of `key` over
/// `message`, with key and message in that instruction itself.
pub fn check_before(sysvar: Account, program: &Key, key: &[u8], message: &Key) -> Result {
    require!(same(sysvar.key(), &INSTRUCTIONS), Code::WrongAddress);
    // Number of instructions, where each begins, the instructions, and which is the current one.
    let all = sysvar.bytes();
    let current = u16_at(all, all.len() - 2);
    require!(current > 0, Code::BadDeviceSignature);
    let index = current - 1;
    let accounts = u16_at(all, 2 + 2 * index);
    let called = accounts + 2 + 33 * u16_at(all, accounts);
    require!(&all[called..called + 32] == program, Code::BadDeviceSignature);
    let data = &all[called + 34..called + 34 + u16_at(all, called + 32)];

    require!(data.len() >= HEADER && data[0] == 1, Code::BadDeviceSignature);
    let [signature_in, key_at, key_in, message_at, message_size, message_in] = [4, 6, 8, 10, 12, 14].map(|at| u16_at(data, at));
    require!(signature_in == THIS || signature_in == index, Code::BadDeviceSignature);
    require!(key_in == THIS || key_in == index, Code::BadDeviceSignature);
    require!(message_in == THIS || message_in == index, Code::BadDeviceSignature);
    // The runtime refused offsets beyond the data before it came here; elsewhere they would end the program.
    require!(&data[key_at..key_at + key.len()] == key, Code::BadDeviceSignature);
    require!(message_size == message.len() && &data[message_at..message_at + 32] == message, Code::BadDeviceSignature);
    Ok(())
}

fn u16_at(bytes: &[u8], at: usize) -> usize {
    u16::from_le_bytes([bytes[at], bytes[at + 1]]) as usize
}
