//! Two reports of one config, epoch and generation, signed by one operator: its whole bond is slashed.

use super::*;
use crate::{crypto, events, math, token};
use depin_interface::REPORT_LENGTH;

/// Tag, config digest, generation and epoch: what both reports have in common, sent once.
const COMMON: usize = 64;

pub fn run(mut call: Call) -> Result {
    let reporter = call.signer()?;
    let (network_account, network) = call.network()?;
    let (_, config) = call.config(network_account)?;
    let (_, operator) = call.operator(network_account)?;
    let bonds = call.at(&network.bonds)?;
    let mint = call.at(&network.mint)?;
    let to = call.any()?;
    let token_program = call.token_program(network)?;
    let a = crypto::Report::read(call.data.plain::<[u8; REPORT_LENGTH]>()?)?;
    let rest = call.data.take(REPORT_LENGTH - COMMON)?;
    let signature_a = call.data.take(64)?;
    let signature_b = call.data.take(64)?;
    call.data.end()?;

    let digest_a = a.digest();
    let digest_b = syscalls::keccak([&a.0[..COMMON], rest]);
    require!(!same(&digest_a, &digest_b), Code::NotEquivocation);
    require!(same(a.config_digest(), &config.digest), Code::WrongConfig);
    let signer = crypto::recover(&digest_a, signature_a)?;
    require!(crypto::same_address(&signer, &crypto::recover(&digest_b, signature_b)?), Code::NotEquivocation);
    require!(crypto::same_address(&signer, &operator.report_key), Code::WrongAccount);
    require!(config.members[..config.n as usize].iter().any(|m| crypto::same_address(&m.report_key, &signer)), Code::NotMember);
    require!(operator.slashed == 0, Code::OperatorSlashed);

    let bond = operator.bond;
    let to_reporter = math::multiply_divide(bond, network.reporter_bps as u64, 10_000);
    operator.slashed = 1;
    operator.bond = 0;
    let key = *network_account.key();
    events::emit(network_account, EquivocationProven { network: key, report_key: signer, epoch: a.epoch(), generation: a.generation(), digest_a, digest_b, reporter: *reporter.key() });
    events::emit(network_account, BondSlashed { network: key, report_key: signer, bond, reporter: *reporter.key(), to_reporter });
    token::Purse { program: token_program, authority: network_account, network }.burn(bonds, mint, bond - to_reporter);
    token::Purse { program: token_program, authority: network_account, network }.push(bonds, to, to_reporter);
    Ok(())
}
