//! One instruction, one file. Each takes its accounts in the order of the IDL.

use crate::account::{same, Account, Accounts, SYSTEM};
use crate::data::Reader;
use crate::guard::Result;
use crate::stake::Stake;
use crate::syscalls::{self, Bytes};
use depin_interface::accounts::*;
use depin_interface::events::*;
use depin_interface::{seeds, Code, Key};

pub mod accept_owner;
pub mod add_bond;
pub mod add_model;
pub mod add_signatures;
pub mod apply_key;
pub mod apply_recipient;
pub mod assert_cell;
pub mod attest;
pub mod attest_signed;
pub mod cancel;
pub mod cancel_key;
pub mod cancel_thaw;
pub mod challenge;
pub mod claim;
pub mod claim_many;
pub mod close_buffer;
pub mod close_signatures;
pub mod deposit_stake;
pub mod finalize;
pub mod initialize;
pub mod open_payout;
pub mod open_registry;
pub mod open_signatures;
pub mod open_staking;
pub mod propose_owner;
pub mod prove_equivocation;
pub mod prove_tree_fault;
pub mod publish_batch;
pub mod reclaim_bond;
pub mod recover;
pub mod register_device;
pub mod register_operator;
pub mod request_exit;
pub mod request_thaw;
pub mod retire_device;
pub mod revoke_batch;
pub mod schedule_config;
pub mod schedule_key;
pub mod schedule_recipient;
pub mod set_breaker;
pub mod set_device_status;
pub mod set_endpoint;
pub mod set_maker;
pub mod slash_stake;
pub mod transfer_device;
pub mod withdraw_bond;
pub mod withdraw_stake;
pub mod write_buffer;

/// An instruction on its way in.
pub struct Call<'a> {
    pub accounts: &'a mut Accounts,
    pub program: &'a Key,
    pub data: Reader,
}

impl Call<'_> {
    pub fn any(&mut self) -> Result<Account> {
        self.accounts.take()
    }

    pub fn signer(&mut self) -> Result<Account> {
        let account = self.accounts.take()?;
        account.require_signer()?;
        Ok(account)
    }

    pub fn state<T: Layout>(&mut self) -> Result<(Account, &'static T)> {
        let account = self.accounts.take()?;
        Ok((account, account.load::<T>(self.program)?))
    }

    pub fn state_mut<T: Layout>(&mut self) -> Result<(Account, &'static mut T)> {
        let account = self.accounts.take()?;
        Ok((account, account.load_mut::<T>(self.program)?))
    }

    /// The network of this instruction: everything else is held to it. The program's own account stands behind it, or it could not write events by call.
    pub fn network(&mut self) -> Result<(Account, &'static Network)> {
        let found = self.state::<Network>()?;
        self.own_program()?;
        Ok(found)
    }

    pub fn own_program(&mut self) -> Result {
        let account = self.accounts.take()?;
        require!(same(account.key(), self.program), Code::WrongProgram);
        Ok(())
    }

    pub fn ledger(&mut self, network: &Network) -> Result<&'static mut Ledger> {
        self.at(&network.ledger)?.load_mut(self.program)
    }

    pub fn ledger_to_read(&mut self, network: &Network) -> Result<&'static Ledger> {
        self.at(&network.ledger)?.load(self.program)
    }

    pub fn distributor(&mut self, network: &Network) -> Result<&'static mut Distributor> {
        self.at(&network.distributor)?.load_mut(self.program)
    }

    /// The account at that very address.
    pub fn at(&mut self, address: &Key) -> Result<Account> {
        let account = self.accounts.take()?;
        require!(same(account.key(), address), Code::WrongAddress);
        Ok(account)
    }

    pub fn token_program(&mut self, network: &Network) -> Result<Account> {
        let account = self.accounts.take()?;
        require!(same(account.key(), &network.token_program), Code::WrongProgram);
        Ok(account)
    }

    pub fn system_program(&mut self) -> Result<Account> {
        let account = self.accounts.take()?;
        require!(same(account.key(), &SYSTEM), Code::WrongProgram);
        Ok(account)
    }

    /// An operator of the network.
    pub fn operator(&mut self, network: Account) -> Result<(Account, &'static mut Operator)> {
        let (account, operator) = self.state_mut::<Operator>()?;
        require!(same(&operator.network, network.key()), Code::WrongAccount);
        Ok((account, operator))
    }

    /// The same, which `account`, who signed, owns.
    pub fn own_operator(&mut self, network: Account, account: Account) -> Result<&'static mut Operator> {
        let (_, operator) = self.operator(network)?;
        require!(same(&operator.account, account.key()), Code::NotAuthorized);
        Ok(operator)
    }

    pub fn config(&mut self, network: Account) -> Result<(Account, &'static Config)> {
        let (account, config) = self.state::<Config>()?;
        require!(same(&config.network, network.key()), Code::WrongAccount);
        Ok((account, config))
    }

    pub fn signatures(&mut self, network: Account) -> Result<(Account, &'static mut Signatures)> {
        let (account, signatures) = self.state_mut::<Signatures>()?;
        require!(same(&signatures.network, network.key()), Code::WrongAccount);
        Ok((account, signatures))
    }

    pub fn registry(&mut self, network: Account) -> Result<(Account, &'static mut DeviceRegistry)> {
        let (account, registry) = self.state_mut::<DeviceRegistry>()?;
        require!(same(&registry.network, network.key()), Code::WrongAccount);
        Ok((account, registry))
    }

    pub fn registry_to_read(&mut self, network: Account) -> Result<(Account, &'static DeviceRegistry)> {
        let (account, registry) = self.state::<DeviceRegistry>()?;
        require!(same(&registry.network, network.key()), Code::WrongAccount);
        Ok((account, registry))
    }

    pub fn maker(&mut self, network: Account) -> Result<&'static DeviceMaker> {
        let (_, maker) = self.state::<DeviceMaker>()?;
        require!(same(&maker.network, network.key()), Code::WrongAccount);
        Ok(maker)
    }

    /// The maker that `account`, who signed, acts for, while it is active.
    pub fn own_maker(&mut self, network: Account, account: Account) -> Result<&'static DeviceMaker> {
        let maker = self.maker(network)?;
        require!(same(&maker.account, account.key()), Code::NotMaker);
        require!(maker.active == 1, Code::MakerInactive);
        Ok(maker)
    }

    pub fn device(&mut self, network: Account) -> Result<(Account, &'static mut Device)> {
        let (account, device) = self.state_mut::<Device>()?;
        require!(same(&device.network, network.key()), Code::WrongAccount);
        Ok((account, device))
    }

    /// The same, which `account`, who signed, owns.
    pub fn own_device(&mut self, network: Account, account: Account) -> Result<(Account, &'static mut Device)> {
        let (at, device) = self.device(network)?;
        require!(same(&device.owner, account.key()), Code::NotDeviceOwner);
        Ok((at, device))
    }

    pub fn staking(&mut self, network: Account) -> Result<&'static Staking> {
        let (_, staking) = self.state::<Staking>()?;
        require!(same(&staking.network, network.key()), Code::WrongAccount);
        Ok(staking)
    }

    pub fn pool(&mut self, network: Account) -> Result<(Account, &'static mut Pool)> {
        let (account, pool) = self.state_mut::<Pool>()?;
        require!(same(&pool.network, network.key()), Code::WrongAccount);
        Ok((account, pool))
    }

    /// Rules, pool and the position of `staker`, who signed.
    pub fn stake(&mut self, network: Account, staker: Account) -> Result<Stake> {
        let staking = self.staking(network)?;
        let (account, pool) = self.pool(network)?;
        let (_, position) = self.state_mut::<Position>()?;
        require!(same(&position.pool, account.key()), Code::WrongAccount);
        require!(same(&position.staker, staker.key()), Code::NotAuthorized);
        Ok(Stake { staking, pool, position })
    }

    /// The next account shows that `owner` has its place in the reward tree.
    pub fn require_payout(&mut self, network: Account, owner: &Key) -> Result {
        let account = self.accounts.take()?;
        require!(!same(account.owner(), &SYSTEM), Code::NoPayout);
        let payout = account.load::<Payout>(self.program)?;
        require!(same(&payout.network, network.key()), Code::WrongAccount);
        require!(same(&payout.account, owner), Code::WrongAccount);
        Ok(())
    }

    pub fn payout(&mut self, network: Account) -> Result<&'static mut Payout> {
        let (_, payout) = self.state_mut::<Payout>()?;
        require!(same(&payout.network, network.key()), Code::WrongAccount);
        Ok(payout)
    }

    pub fn payout_to_read(&mut self, network: Account) -> Result<&'static Payout> {
        let (_, payout) = self.state::<Payout>()?;
        require!(same(&payout.network, network.key()), Code::WrongAccount);
        Ok(payout)
    }
}

/// The slot of an epoch in the ring.
pub fn slot(epoch: u64) -> usize {
    (epoch % depin_interface::RING as u64) as usize
}

/// The report of an epoch that is accepted, not void and not final.
pub fn open_report(ledger: &Ledger, epoch: u64) -> Result<usize> {
    require!(epoch >= ledger.next_final && epoch <= ledger.last_epoch, Code::WrongStatus);
    Ok(slot(epoch))
}

/// Voids the report and all after it by moving the head back.
pub fn cancel_report(network: Account, ledger: &mut Ledger, epoch: u64, reason: u8) -> Result {
    let at = open_report(ledger, epoch)?;
    ledger.last_epoch = epoch - 1;
    ledger.generation += 1;
    ledger.last_cancelled_at = syscalls::now()?;
    ledger.reports[at].cancellations += 1;
    let digest = ledger.reports[at].digest;
    let (new_generation, cancelled_at) = (ledger.generation, ledger.last_cancelled_at);
    crate::events::emit(network, ReportCancelled { network: *network.key(), epoch, new_generation, digest, reason, cancelled_at });
    Ok(())
}

/// The count of the config in force in `epoch`: the newest that starts at or before it.
pub fn config_in_force(ledger: &Ledger, epoch: u64) -> Result<u64> {
    let mut i = ledger.scheduled as usize;
    while i > 0 {
        i -= 1;
        let entry = ledger.schedule[i & (depin_interface::SCHEDULE - 1)];
        if entry.first_epoch <= epoch {
            return Ok(entry.count);
        }
    }
    Err(Code::WrongConfig)
}

/// Moves a device to another status.
pub fn set_status(network: Account, device: &mut Device, to: u8) {
    crate::events::emit(network, StatusChanged { network: *network.key(), token: device.token, from: device.status, to });
    device.status = to;
}

/// Gives up a device's waiting key, if there is one; the key stays used.
pub fn drop_rotation(network: Account, device: &mut Device) {
    if device.ready_at != 0 {
        device.pending_key_type = 0;
        device.pending_device_id = SYSTEM;
        device.ready_at = 0;
        crate::events::emit(network, KeyRotationCancelled { network: *network.key(), token: device.token });
    }
}

pub fn seed(seed: &[u8]) -> Bytes {
    Bytes::of(seed)
}

/// The place for a bump among seeds.
pub fn spare() -> Bytes {
    Bytes::of(&[])
}

