//! What a device signs, and who may vouch for it: the meaning of `DeviceRegistry` on the EVM.

use crate::account::{same, Account};
use crate::data::Reader;
use crate::guard::Result;
use crate::instructions::Call;
use crate::{crypto, p256, precompile, syscalls};
use depin_interface::accounts::{DeviceBatch, Network};
use depin_interface::instructions::{RegistrationFields, ED25519, P256, SECP256K1};
use depin_interface::{Address, Code, Key};

const DEVICE_TAG: &[u8] = b"\x19DePIN device v1";
/// The EVM registry's structure: the digest's second half has the same words there and here.
const ACTION_TYPE: &[u8] =
    b"DeviceAction(string action,uint256 tokenId,bytes32 deviceId,address owner,uint32 modelId,uint64 batchId,uint64 cell,bytes32 metadata,uint64 nonce,uint64 deadline)";

/// A key and what is signed with it.
pub struct Registration {
    pub key_type: u8,
    pub public_key: &'static [u8],
    pub fields: &'static RegistrationFields,
}

impl Registration {
    #[inline(always)]
    pub fn read(data: &mut Reader) -> Result<Self> {
        let key_type = data.u8()?;
        let length = data.u32()? as usize;
        Ok(Self { key_type, public_key: data.take(length)?, fields: data.plain()? })
    }

    /// The id of a well-formed key, within its deadline. That the key was never used shows when its account is made.
    pub fn device_id(&self) -> Result<Key> {
        let length = match self.key_type {
            SECP256K1 | P256 => 64,
            ED25519 => 32,
            _ => 0,
        };
        require!(length != 0 && self.public_key.len() == length, Code::BadKey);
        let (deadline, nonce) = (self.fields.deadline, self.fields.nonce);
        require!(syscalls::now()? <= deadline, Code::Expired);
        require!(nonce == 0, Code::NonceMismatch);
        Ok(syscalls::keccak([&[self.key_type], self.public_key]))
    }

    /// keccak(0x1901 · domain · structure), as EIP-712 has it; the domain is keccak(tag · kind · chain · registry).
    #[inline(never)]
    pub fn digest(&self, action: &Action, device_id: &Key) -> Key {
        let f = self.fields;
        let domain = syscalls::keccak([DEVICE_TAG, &crypto::KIND, action.chain, action.registry]);
        let (kind, name) = (syscalls::keccak([ACTION_TYPE]), syscalls::keccak([action.name]));
        let [token, model, batch, cell, nonce, deadline] = [action.token, f.model_id as u64, f.batch_id, f.cell, f.nonce, f.deadline].map(word);
        let structure = syscalls::keccak([&kind, &name, &token, device_id, &f.owner, &model, &batch, &cell, &f.metadata, &nonce, &deadline]);
        syscalls::keccak([b"\x19\x01", &domain, &structure])
    }

    /// The device holds its key: secp256k1 by `signature` (EIP-2098), the others by a check that stands before this instruction.
    #[inline(never)]
    pub fn check_device(&self, digest: &Key, signature: &[u8], sysvar: Account) -> Result {
        if self.key_type == SECP256K1 {
            require!(signature.len() == 64, Code::BadDeviceSignature);
            require!(crypto::recover_key(digest, signature, Code::BadDeviceSignature)? == self.public_key, Code::BadDeviceSignature);
            return Ok(());
        }
        require!(signature.is_empty(), Code::BadDeviceSignature);
        if self.key_type == ED25519 {
            return precompile::check_before(sysvar, &precompile::ED25519, self.public_key, digest);
        }
        let (mut x, mut y, mut compressed) = ([0u8; 32], [0u8; 32], [0u8; 33]);
        x.copy_from_slice(&self.public_key[..32]);
        y.copy_from_slice(&self.public_key[32..]);
        require!(p256::is_on_curve(&x, &y), Code::BadKey);
        compressed[0] = 2 | y[31] & 1;
        compressed[1..].copy_from_slice(&x);
        precompile::check_before(sysvar, &precompile::SECP256R1, &compressed, digest)
    }
}

/// What is done with a registration, and where.
pub struct Action {
    name: &'static [u8],
    /// 0 while the device has none.
    token: u64,
    chain: &'static Key,
    registry: &'static Key,
}

impl Action {
    pub fn register(network: &'static Network, registry: Account) -> Self {
        Self { name: b"register", token: 0, chain: &network.chain, registry: registry.key() }
    }

    pub fn rotate(network: &'static Network, registry: Account, token: u64) -> Self {
        Self { name: b"rotate", token, chain: &network.chain, registry: registry.key() }
    }
}

/// A number as the 32 bytes that it is in the EVM's encoding.
fn word(value: u64) -> Key {
    let mut out = [0u8; 32];
    out[24..].copy_from_slice(&value.to_be_bytes());
    out
}

/// Who vouches for a device without a batch: the maker's account signs the transaction, or its approval key the digest (EIP-2098).
#[inline(always)]
pub fn check_maker(call: &Call, maker: (&Key, &Address), account: Account, digest: &Key, signature: &[u8]) -> Result {
    let (owner, approver) = maker;
    if signature.is_empty() {
        require!(!same(account.key(), call.program), Code::BadMakerSignature);
        require!(same(account.key(), owner), Code::NotMaker);
        return account.require_signer();
    }
    require!(signature.len() == 64 && *approver != [0; 20], Code::BadMakerSignature);
    let public = crypto::recover_key(digest, signature, Code::BadMakerSignature)?;
    require!(crypto::same_address(&crypto::address_of(&public), approver), Code::BadMakerSignature);
    Ok(())
}

/// The device is a leaf keccak(keccak(device id · model id)) of the batch's tree, whose pairs are hashed in ascending order.
pub fn check_batch(batch: &DeviceBatch, device_id: &Key, model_id: u32, proof: &[u8]) -> Result {
    require!(batch.revoked == 0, Code::BatchClosed);
    let (registered, count) = (batch.registered, batch.count);
    require!(registered < count, Code::BatchExhausted);
    let mut node = syscalls::keccak([&syscalls::keccak([device_id, &word(model_id as u64)])]);
    let mut at = 0;
    while at < proof.len() {
        let sibling = unsafe { &*(proof.as_ptr().add(at) as *const Key) };
        node = if is_below(&node, sibling) { syscalls::keccak([&node, sibling]) } else { syscalls::keccak([sibling, &node]) };
        at += 32;
    }
    require!(same(&node, &batch.root), Code::NotInBatch);
    Ok(())
}

fn is_below(a: &Key, b: &Key) -> bool {
    let mut i = 0;
    while i < 4 {
        let [left, right] = [a, b].map(|key| unsafe { (key.as_ptr().add(8 * i) as *const u64).read_unaligned() }.swap_bytes());
        if left != right {
            return left < right;
        }
        i += 1;
    }
    false
}
