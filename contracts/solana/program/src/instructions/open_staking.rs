//! Opens a network's staking, once: its rules are set for good.

use super::*;
use crate::account::Maker;
use crate::events;
use depin_interface::instructions::StakingSettings;
use depin_interface::MAX_THAWS;
use core::mem::size_of;

pub fn run(mut call: Call) -> Result {
    let owner = call.signer()?;
    let payer = call.signer()?;
    let (network_account, network) = call.network()?;
    let staking_account = call.any()?;
    call.system_program()?;
    let s = *call.data.plain::<StakingSettings>()?;
    call.data.end()?;
    require!(same(&network.owner, owner.key()), Code::NotAuthorized);
    require!(!same(&s.slasher, &SYSTEM), Code::ZeroKey);
    require!(s.min_deposit > 0, Code::BadParameter);
    require!(s.max_thaws > 0 && s.max_thaws as usize <= MAX_THAWS, Code::BadParameter);
    let key = network_account.key();
    Maker { payer, program: call.program }.make(staking_account, [seed(seeds::STAKING), seed(key), spare()], size_of::<Staking>(), call.program)?;
    let staking: &mut Staking = staking_account.fresh();
    staking.network = *key;
    staking.slasher = s.slasher;
    staking.min_deposit = s.min_deposit;
    staking.pool_cap = s.pool_cap;
    staking.thaw_period = s.thaw_period;
    staking.delegation_ratio = s.delegation_ratio;
    staking.max_thaws = s.max_thaws;
    events::emit(network_account, StakingOpened {
        network: *key,
        slasher: s.slasher,
        min_deposit: s.min_deposit,
        pool_cap: s.pool_cap,
        thaw_period: s.thaw_period,
        delegation_ratio: s.delegation_ratio,
        max_thaws: s.max_thaws,
    });
    Ok(())
}
