//! Schedules a set of operators from an epoch that has not started.

use super::*;
use crate::account::Maker;
use crate::{crypto, emission, events, math};
use depin_interface::{MAX_SET, MIN_SET, SCHEDULE};
use core::mem::size_of;

pub fn run(mut call: Call) -> Result {
    let set = Installation::take(&mut call)?;
    let first_epoch = call.data.u64()?;
    let ledger = &set.ledger;
    let mut earliest = 1;
    if ledger.config_count > 0 {
        earliest = emission::epoch_at(set.network, syscalls::now()?) + 1;
        let newest = ledger.schedule[(ledger.scheduled as usize - 1) & (SCHEDULE - 1)].first_epoch;
        // Behind the last epoch of all there is none, which `recover` alone heals.
        let next = math::add(newest, 1)?;
        if next > earliest {
            earliest = next;
        }
    }
    // The very first set may start at epoch 1 at any time: without a set no report exists that the change could spoil.
    require!(first_epoch >= earliest, Code::EpochStarted);
    set.install(call, first_epoch, first_epoch - 1)
}

/// The accounts that a change of sets takes: owner, payer, network, ledger, new config, newest config so far (the program where there is
/// none), system program, and the operators of the new set, ascending by report key.
pub struct Installation {
    payer: Account,
    network_account: Account,
    pub network: &'static Network,
    pub ledger: &'static mut Ledger,
    config_account: Account,
    previous: Account,
}

impl Installation {
    pub fn take(call: &mut Call) -> Result<Self> {
        let owner = call.signer()?;
        let payer = call.signer()?;
        let (network_account, network) = call.network()?;
        require!(same(&network.owner, owner.key()), Code::NotAuthorized);
        let ledger = call.ledger(network)?;
        let (config_account, previous) = (call.any()?, call.any()?);
        call.system_program()?;
        Ok(Self { payer, network_account, network, ledger, config_account, previous })
    }

    /// `last_epoch`: the last one that a member of the newest set who is not in the new one can still sign.
    pub fn install(self, mut call: Call, first_epoch: u64, last_epoch: u64) -> Result {
        let parameters_hash = *call.data.key()?;
        let rules_hash = *call.data.key()?;
        call.data.end()?;
        let n = call.accounts.left();
        require!((MIN_SET..=MAX_SET).contains(&n) && n % 3 == 1, Code::BadSetSize);
        let ledger = self.ledger;
        if ledger.config_count > 0 {
            let previous: &mut Config = self.previous.load_mut(call.program)?;
            require!(same(&previous.network, self.network_account.key()) && previous.count == ledger.config_count, Code::WrongConfig);
            previous.last_epoch = last_epoch;
        }
        let count = ledger.config_count + 1;
        let (key, counted) = (self.network_account.key(), count.to_le_bytes());
        Maker { payer: self.payer, program: call.program }.make(self.config_account, [seed(seeds::CONFIG), seed(key), seed(&counted), spare()], size_of::<Config>(), call.program)?;
        let config: &mut Config = self.config_account.fresh();
        config.network = *key;
        config.count = count;
        config.first_epoch = first_epoch;
        config.last_epoch = u64::MAX;
        config.parameters_hash = parameters_hash;
        config.rules_hash = rules_hash;
        config.n = n as u8;
        config.q = (2 * (n as u8 - 1)) / 3 + 1;
        let mut i = 0;
        while i < n {
            let (_, operator) = call.operator(self.network_account)?;
            require!(operator.slashed == 0, Code::OperatorSlashed);
            require!(operator.exit_at == 0, Code::OperatorExiting);
            require!(i == 0 || config.members[i - 1].report_key < operator.report_key, Code::NotAscending);
            config.members[i] = Member { report_key: operator.report_key, protocol_key: operator.protocol_key };
            operator.last_config = count;
            i += 1;
        }
        config.digest = crypto::config_digest(self.network, config);
        enter(ledger, Scheduled { count, first_epoch })?;
        ledger.config_count = count;
        let members = unsafe { core::slice::from_raw_parts(config.members.as_ptr() as *const u8, n * size_of::<Member>()) };
        let previous_last_epoch = if count == 1 { 0 } else { last_epoch };
        let (digest, q) = (config.digest, config.q);
        events::emit_with(self.network_account, &ConfigScheduled { network: *key, count, first_epoch, digest, n: n as u8, q, parameters_hash, rules_hash, previous_last_epoch }, n, members);
        Ok(())
    }
}

/// Drops what the new entry overrides (a recovery comes before sets scheduled for later) and what no open epoch can need, and appends.
fn enter(ledger: &mut Ledger, entry: Scheduled) -> Result {
    let mut used = ledger.scheduled as usize;
    while used > 0 && ledger.schedule[(used - 1) & (SCHEDULE - 1)].first_epoch >= entry.first_epoch {
        used -= 1;
    }
    let mut unneeded = 0;
    while unneeded + 1 < used && ledger.schedule[(unneeded + 1) & (SCHEDULE - 1)].first_epoch <= ledger.next_final {
        unneeded += 1;
    }
    let mut i = unneeded;
    while i < used {
        ledger.schedule[(i - unneeded) & (SCHEDULE - 1)] = ledger.schedule[i & (SCHEDULE - 1)];
        i += 1;
    }
    used -= unneeded;
    require!(used < SCHEDULE, Code::TooManyConfigs);
    ledger.schedule[used] = entry;
    ledger.scheduled = used as u8 + 1;
    Ok(())
}
