//! Pays min(cumulative − claimed, breaker's room) to the account's recipient. Anyone may send it; third parties may fill the breaker to half.

use super::*;
use crate::{crypto, events, math, token};
use depin_interface::instructions::Leaf;
use depin_interface::PAGE_SLOTS;

pub fn run(mut call: Call) -> Result {
    let sender = call.signer()?;
    let (network_account, network) = call.network()?;
    let distributor = call.distributor(network)?;
    let vault = call.at(&network.vault)?;
    let token_program = call.token_program(network)?;
    let root = call.data.key()?;
    let mut meter = Meter::at(distributor, syscalls::now()?);
    let leaf_count = leaf_count(distributor, root)?;
    let mut due = Due::take(&mut call, network_account, distributor, sender)?;
    call.data.end()?;

    require!(due.unclaimed() > 0, Code::NothingToClaim);
    due.check_leaf(&distributor.domain, root, leaf_count)?;
    let amount = meter.admit(distributor, due.unclaimed(), due.third_party);
    require!(amount > 0, Code::BreakerExhausted);
    require!(due.pay(network_account, network, vault, token_program, root, amount)?, Code::BadRecipient);
    meter.store(distributor);
    Ok(())
}

/// How many leaves a claimable root has.
pub fn leaf_count(distributor: &Distributor, root: &Key) -> Result<u32> {
    require!(!same(root, &SYSTEM), Code::EmptyRoot);
    if same(root, &distributor.current.root) {
        return Ok(distributor.current.leaf_count);
    }
    require!(same(root, &distributor.previous.root), Code::UnknownRoot);
    Ok(distributor.previous.leaf_count)
}

/// The leaky bucket as it stands now.
pub struct Meter {
    level: u64,
    total: u64,
    now: u64,
}

impl Meter {
    pub fn at(distributor: &Distributor, now: u64) -> Self {
        let elapsed = now.saturating_sub(distributor.updated_at);
        let drained = math::multiply_divide(distributor.capacity, elapsed, distributor.window as u32);
        // A clock that runs back drains nothing, now or later.
        let now = now.max(distributor.updated_at);
        Self { level: distributor.level.saturating_sub(drained), total: distributor.total_claimed, now }
    }

    /// Books what may leave of `due`: the breaker's room, and never more than the accepted total still holds.
    #[inline(always)]
    pub fn admit(&mut self, distributor: &Distributor, due: u128, third_party: bool) -> u64 {
        let limit = if third_party { distributor.capacity / 2 } else { distributor.capacity };
        let room = limit.saturating_sub(self.level) as u128;
        let held = distributor.current.cumulative_total.saturating_sub(self.total as u128);
        // The room fits 64 bits, so the least of the three does.
        let amount = due.min(room).min(held) as u64;
        self.level += amount;
        self.total += amount;
        amount
    }

    /// Takes back what was booked and not paid.
    pub fn release(&mut self, amount: u64) {
        self.level -= amount;
        self.total -= amount;
    }

    pub fn store(self, distributor: &mut Distributor) {
        distributor.level = self.level;
        distributor.total_claimed = self.total;
        distributor.updated_at = self.now;
    }
}

/// One account's claim: page, payout account and recipient's token account, and the leaf with its proof.
pub struct Due {
    payout: &'static Payout,
    page: &'static mut Page,
    to: Account,
    leaf: &'static Leaf,
    proof: &'static [u8],
    pub third_party: bool,
}

impl Due {
    pub fn take(call: &mut Call, network: Account, distributor: &Distributor, sender: Account) -> Result<Self> {
        let (_, page) = call.state_mut::<Page>()?;
        let payout = call.payout_to_read(network)?;
        let to = call.any()?;
        require!(same(&page.network, &distributor.network), Code::WrongAccount);
        require!(page.number == payout.index / PAGE_SLOTS as u32, Code::WrongAccount);
        let leaf = call.data.plain::<Leaf>()?;
        let proof = call.data.proof()?;
        Ok(Self { third_party: !same(&payout.account, sender.key()), payout, page, to, leaf, proof })
    }

    /// What the leaf grants beyond what was paid.
    pub fn unclaimed(&self) -> u128 {
        let claimed = self.page.claimed[self.payout.index as usize % PAGE_SLOTS] as u128;
        let cumulative = self.leaf.cumulative;
        cumulative.saturating_sub(claimed)
    }

    /// The leaf is the account's, at the account's own index.
    #[inline(always)]
    pub fn check_leaf(&self, domain: &Key, root: &Key, leaf_count: u32) -> Result {
        let (index, account) = (self.payout.index, &self.payout.account);
        crypto::Placed { domain, root, leaf_count, index, account, leaf: self.leaf, proof: self.proof }.check()
    }

    /// Pays, unless the recipient's token account takes nothing without a memo: then nothing has changed.
    #[inline(always)]
    pub fn pay(&mut self, network_account: Account, network: &Network, vault: Account, token_program: Account, root: &Key, amount: u64) -> Result<bool> {
        if !token::check_recipient(network, self.to, &self.payout.recipient)? {
            return Ok(false);
        }
        let at = self.payout.index as usize % PAGE_SLOTS;
        let claimed = math::add(self.page.claimed[at], amount)?;
        self.page.claimed[at] = claimed;
        token::Purse { program: token_program, authority: network_account, network }.push(vault, self.to, amount);
        events::emit(network_account, Claimed {
            network: *network_account.key(),
            account: self.payout.account,
            index: self.payout.index,
            recipient: self.payout.recipient,
            amount,
            claimed,
            root: *root,
        });
        Ok(true)
    }

    pub fn skip(self, network: Account) {
        events::emit(network, ClaimSkipped { network: *network.key(), account: self.payout.account, index: self.payout.index });
    }
}
