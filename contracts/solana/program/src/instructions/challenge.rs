//! Extends the window of a pending report once, against a bond.

use super::*;
use crate::account::Maker;
use crate::{events, math, token};
use core::mem::size_of;

pub fn run(mut call: Call) -> Result {
    let challenger = call.signer()?;
    let (network_account, network) = call.network()?;
    let ledger = call.ledger(network)?;
    let challenge_account = call.any()?;
    let source = call.any()?;
    let bonds = call.at(&network.bonds)?;
    let token_program = call.token_program(network)?;
    call.system_program()?;
    let epoch = call.data.u64()?;
    let evidence = *call.data.key()?;
    call.data.end()?;

    let report = &mut ledger.reports[open_report(ledger, epoch)?];
    require!(report.status != CHALLENGED, Code::AlreadyChallenged);
    require!(syscalls::now()? < report.claimable_at, Code::WindowClosed);
    report.claimable_at = math::later(report.claimable_at, network.challenge_extension);
    report.status = CHALLENGED;
    let (key, digest, claimable_at) = (network_account.key(), report.digest, report.claimable_at);
    Maker { payer: challenger, program: call.program }.make(challenge_account, [seed(seeds::CHALLENGE), seed(key), seed(&digest), spare()], size_of::<Challenge>(), call.program)?;
    let challenge: &mut Challenge = challenge_account.fresh();
    challenge.network = *key;
    challenge.challenger = *challenger.key();
    challenge.digest = digest;
    challenge.epoch = epoch;
    token::pull(token_program, source, bonds, challenger, network.challenge_bond);
    events::emit(network_account, ReportChallenged { network: *key, epoch, digest, challenger: *challenger.key(), bond: network.challenge_bond, evidence, claimable_at });
    Ok(())
}
