// Providers' stakes for tests: a network with staking, a provider, a delegator and a slasher.
import { World, Network, must, key, pda, hash, le, web3 } from "./rig.mjs";

export const THAW = 1_000n;
export const RATIO = 4;
export const CAP = 1_000_000n;

/** Staking in a network: the provider has a payout index, delegators need none. */
export class Staking {
  constructor(world = new World(), label = "", n = new Network(world, {}, { label }).ready(4, 2)) {
    this.n = n;
    this.world = world;
    this.slasher = key(`slasher ${label}`);
    this.world.fund(this.slasher.publicKey);
    this.staking = pda("staking", this.n.network);
    this.provider = this.staker("provider", this.n.paid[0].account);
    this.delegator = this.staker("delegator");
    this.world.put(this.n.mint, Buffer.from(this.world.data(this.n.mint)).fill(le(1n << 62n, 8), 36, 44), new web3.PublicKey(this.world.read(this.n.mint).programAddress));
  }

  staker(label, account = key(`staker ${this.n.label}${label}`), amount = 10_000_000n) {
    this.world.fund(account.publicKey);
    return { account, key: account.publicKey, token: this.world.token(`stake ${this.n.label}${label}`, this.n.mint, account.publicKey, amount) };
  }

  open(change = {}, accounts = {}, signers = [this.n.owner]) {
    return this.n.call("open_staking", { owner: this.n.owner.publicKey, payer: this.world.payer.publicKey, staking: this.staking, ...accounts },
      { settings: { slasher: this.slasher.publicKey, min_deposit: 10n, pool_cap: CAP, thaw_period: THAW, delegation_ratio: RATIO, max_thaws: 3, ...change } }, signers);
  }

  ready(change) {
    must(this.open(change));
    return this;
  }

  pool(provider = this.provider) { return pda("pool", this.n.network, provider.key); }
  position(who, provider = this.provider) { return pda("position", this.n.network, provider.key, who.key); }
  get state() { return this.world.fetch("Pool", this.pool()); }
  sharesOf(who) { return this.world.fetch("Position", this.position(who)).shares; }

  deposit(who, tokens, { provider = this.provider, min_shares = 0n, ...accounts } = {}) {
    return this.n.call("deposit_stake", {
      staker: who.key, staking: this.staking, pool: this.pool(provider), position: this.position(who, provider), source: who.token,
      ...(who === provider ? { payout: pda("payout", this.n.network, who.key) } : {}), ...accounts,
    }, { provider: provider.key, tokens, min_shares }, [who.account]);
  }

  act(name, who, args, accounts = {}) {
    return this.n.call(name, { staker: who.key, staking: this.staking, pool: this.pool(), position: this.position(who), to: who.token, ...accounts }, args, [who.account]);
  }

  thaw(who, shares = this.sharesOf(who), min_tokens = 0n, accounts = {}) { return this.act("request_thaw", who, { shares, min_tokens }, accounts); }
  cancel(who, thaw_id, min_shares = 0n, accounts = {}) { return this.act("cancel_thaw", who, { thaw_id, min_shares }, accounts); }
  withdraw(who, thaw_id, accounts = {}) { return this.act("withdraw_stake", who, { thaw_id }, accounts); }

  slash(ppm, accounts = {}, by = this.slasher) {
    return this.n.call("slash_stake", { slasher: by.publicKey, staking: this.staking, pool: this.pool(), ...accounts }, { ppm, reason: hash("why") }, [by]);
  }
}
