//! Makes a network over a mint, which the mint's authority hands over for good.

use super::*;
use crate::account::Maker;
use crate::{crypto, emission, events, math, token};
use depin_interface::instructions::Parameters;
use depin_interface::MAX_REPORTER_BPS;
use core::mem::size_of;

pub fn run(mut call: Call) -> Result {
    let payer = call.signer()?;
    let mint_authority = call.signer()?;
    let mint = call.any()?;
    let network_account = call.any()?;
    call.own_program()?;
    let ledger_account = call.any()?;
    let distributor_account = call.any()?;
    let vault = call.any()?;
    let bonds = call.any()?;
    let token_program = call.any()?;
    call.system_program()?;
    let p = *call.data.plain::<Parameters>()?;
    call.data.end()?;
    check(&p)?;

    // The mint's authority signs, so nobody can take a mint's network before its owner does.
    let found = token::check_mint(token_program, mint, mint_authority.key())?;
    // Every epoch's emission is rounded down, so the geometric series bounds their sum for all time: base / (1 − decay) ≤ room.
    let room = (u64::MAX - found.supply) as u128;
    require!(math::product_below(&[p.emission_base as u128, emission::ONE], &[room + 1, emission::ONE - p.emission_decay]), Code::ScheduleExceedsCap);

    let key = network_account.key();
    let maker = Maker { payer, program: call.program };
    let bump = maker.make(network_account, [seed(seeds::NETWORK), seed(mint.key()), spare()], size_of::<Network>(), call.program)?;
    maker.make(ledger_account, [seed(seeds::LEDGER), seed(key), spare()], size_of::<Ledger>(), call.program)?;
    maker.make(distributor_account, [seed(seeds::DISTRIBUTOR), seed(key), spare()], size_of::<Distributor>(), call.program)?;
    maker.make(vault, [seed(seeds::VAULT), seed(key), spare()], token::ACCOUNT_LENGTH, token_program.key())?;
    maker.make(bonds, [seed(seeds::BONDS), seed(key), spare()], token::ACCOUNT_LENGTH, token_program.key())?;
    token::initialize_account(token_program, vault, mint, key);
    token::initialize_account(token_program, bonds, mint, key);
    token::set_mint_authority(token_program, mint, mint_authority, key);

    let network: &mut Network = network_account.fresh();
    network.bump = bump;
    network.decimals = found.decimals;
    network.chain = p.chain;
    network.mint = *mint.key();
    network.token_program = *token_program.key();
    network.ledger = *ledger_account.key();
    network.distributor = *distributor_account.key();
    network.vault = *vault.key();
    network.bonds = *bonds.key();
    network.owner = p.owner;
    network.arbiter = p.arbiter;
    network.genesis = p.genesis;
    network.epoch_length = p.epoch_length;
    network.challenge_window = p.challenge_window;
    network.challenge_extension = p.challenge_extension;
    network.challenge_bond = p.challenge_bond;
    network.min_bond = p.min_bond;
    network.bond_thaw = p.bond_thaw;
    network.recovery_silence = p.recovery_silence;
    network.recipient_delay = p.recipient_delay;
    network.reporter_bps = p.reporter_bps;
    network.emission_base = p.emission_base as u128;
    network.emission_decay = p.emission_decay;

    let ledger: &mut Ledger = ledger_account.fresh();
    ledger.network = *key;
    ledger.next_final = 1;

    let distributor: &mut Distributor = distributor_account.fresh();
    distributor.network = *key;
    distributor.domain = crypto::reward_domain(&p.chain, distributor_account.key(), mint.key());
    distributor.updated_at = syscalls::now()?;
    distributor.capacity = p.breaker_capacity;
    distributor.min_capacity = p.breaker_min_capacity;
    distributor.max_capacity = p.breaker_max_capacity;
    distributor.window = p.breaker_window;

    events::emit(network_account, NetworkInitialized {
        network: *key,
        mint: network.mint,
        ledger: network.ledger,
        distributor: network.distributor,
        chain: p.chain,
        owner: p.owner,
        arbiter: p.arbiter,
        domain: distributor.domain,
        decimals: found.decimals,
        genesis: p.genesis,
        epoch_length: p.epoch_length,
        challenge_window: p.challenge_window,
        challenge_extension: p.challenge_extension,
        challenge_bond: p.challenge_bond,
        min_bond: p.min_bond,
        bond_thaw: p.bond_thaw,
        recovery_silence: p.recovery_silence,
        recipient_delay: p.recipient_delay,
        reporter_bps: p.reporter_bps,
        emission_base: p.emission_base,
        emission_decay: p.emission_decay,
        breaker_capacity: p.breaker_capacity,
        breaker_min_capacity: p.breaker_min_capacity,
        breaker_max_capacity: p.breaker_max_capacity,
        breaker_window: p.breaker_window,
    });
    Ok(())
}

fn check(p: &Parameters) -> Result {
    require!(!same(&p.owner, &SYSTEM) && !same(&p.arbiter, &SYSTEM) && !same(&p.chain, &SYSTEM), Code::ZeroKey);
    require!(p.genesis > 0 && p.epoch_length > 0, Code::BadParameter);
    require!(p.challenge_window > 0 && p.challenge_bond > 0, Code::BadParameter);
    require!(p.min_bond > 0, Code::BadParameter);
    require!(p.reporter_bps <= MAX_REPORTER_BPS, Code::BadParameter);
    require!(p.emission_decay < emission::ONE, Code::BadParameter);
    require!(p.breaker_window > 0 && p.breaker_window <= u32::MAX as u64, Code::BadParameter);
    require!(p.breaker_min_capacity > 0, Code::BadParameter);
    require!(p.breaker_capacity >= p.breaker_min_capacity && p.breaker_capacity <= p.breaker_max_capacity, Code::CapacityOutOfBounds);
    Ok(())
}
