// Rules of the model: providers' pools and stakers' positions.
import { need, later, place, TOLERANCE, NONE } from "./basics.mjs";

const toShares = (tokens, shares, held) => (tokens * (shares + 1_000n)) / (held + 1n);
const toTokens = (shares, all, held) => (shares * (held + 1n)) / (all + 1_000n);
const noThaw = () => ({ thaw_id: 0, shares: 0n, ready_at: 0n, generation: 0n });

export const staking = {
  open_staking({ a, args: { settings: s }, key }, n) {
    need(a.owner === n.owner && s.slasher !== NONE && s.min_deposit > 0n && s.max_thaws > 0 && s.max_thaws <= 8, "not the owner, or out of bounds");
    this.make(a.staking, place("staking", key), "Staking", { network: key, ...s });
  },

  deposit_stake(c, n) {
    const { a, args: { provider, tokens, min_shares }, key } = c;
    const rules = this.get(a.staking, "Staking", key);
    need(tokens >= rules.min_deposit, "below the least");
    if (provider === a.staker) need(this.get(a.payout, "Payout", key).account === provider, "the provider has no payout index");
    const [poolAt, positionAt] = [place("pool", key, provider), place("position", key, provider, a.staker)];
    if (!this.accounts.has(poolAt)) {
      this.make(a.pool, poolAt, "Pool", { network: key, provider, tokens: 0n, shares: 0n, thawing_tokens: 0n, thawing_shares: 0n, self_shares: 0n, generation: 0n });
    }
    if (!this.accounts.has(positionAt)) {
      const thaws = Array.from({ length: 8 }, noThaw);
      this.make(a.position, positionAt, "Position", { network: key, pool: poolAt, staker: a.staker, shares: 0n, generation: 0n, open_thaws: 0, next_thaw: 0, thaws });
    }
    need(a.pool === poolAt && a.position === positionAt, "another pool or position");
    this.join(this.stakeAt(c), tokens, min_shares);
    this.move(a.source, n.bonds, a.staker, tokens);
  },

  stakeAt(c) {
    const rules = this.get(c.a.staking, "Staking", c.key);
    const [pool, position] = [this.get(c.a.pool, "Pool", c.key), this.get(c.a.position, "Position", c.key)];
    need(position.pool === c.a.pool && position.staker === c.a.staker, "another's position");
    return { rules, pool, position, isProvider: pool.provider === position.staker };
  },

  refresh({ pool, position }) {
    if (position.generation !== pool.generation) Object.assign(position, { shares: 0n, generation: pool.generation });
  },

  join(stake, tokens, least) {
    const { rules, pool, position, isProvider } = stake;
    this.refresh(stake);
    need(pool.tokens + pool.thawing_tokens + tokens <= rules.pool_cap, "the pool's cap");
    const shares = toShares(tokens, pool.shares, pool.tokens);
    need(shares > 0n && shares >= least && shares < 1n << 128n, "no share, or fewer than asked for");
    pool.tokens += tokens;
    pool.shares += shares;
    position.shares += shares;
    if (isProvider) pool.self_shares += shares;
    else need(pool.shares - pool.self_shares <= pool.self_shares * BigInt(rules.delegation_ratio), "more is delegated than the provider's own allows");
  },

  request_thaw(c) {
    const { args } = c;
    const stake = this.stakeAt(c);
    const { rules, pool, position, isProvider } = stake;
    this.refresh(stake);
    need(args.shares > 0n && args.shares <= position.shares && position.open_thaws < rules.max_thaws, "shares, or too many thaws");
    const tokens = toTokens(args.shares, pool.shares, pool.tokens);
    need(tokens >= args.min_tokens, "less than asked for");
    const shares = toShares(tokens, pool.thawing_shares, pool.thawing_tokens);
    pool.shares -= args.shares;
    pool.tokens -= tokens;
    if (isProvider) pool.self_shares -= args.shares;
    pool.thawing_tokens += tokens;
    pool.thawing_shares += shares;
    const free = position.thaws.findIndex((t) => t.ready_at === 0n);
    position.thaws[free] = { thaw_id: position.next_thaw++, shares, ready_at: later(c.now, later(rules.thaw_period, TOLERANCE)), generation: pool.generation };
    position.open_thaws++;
    position.shares -= args.shares;
  },

  /** Closes a thaw; what is left of it. */
  leave({ pool, position }, id, now = undefined) {
    const at = position.thaws.findIndex((t) => t.ready_at !== 0n && t.thaw_id === id);
    need(at >= 0, "no such thaw");
    const thaw = position.thaws[at];
    need(now === undefined || now >= thaw.ready_at, "the thaw is not over");
    position.thaws[at] = noThaw();
    position.open_thaws--;
    if (thaw.generation !== pool.generation) return 0n;
    const tokens = toTokens(thaw.shares, pool.thawing_shares, pool.thawing_tokens);
    pool.thawing_tokens -= tokens;
    pool.thawing_shares -= thaw.shares;
    return tokens;
  },

  cancel_thaw(c) {
    const stake = this.stakeAt(c);
    this.join(stake, this.leave(stake, c.args.thaw_id), c.args.min_shares);
  },

  withdraw_stake(c, n) {
    this.pay(c, n.bonds, c.a.to, this.leave(this.stakeAt(c), c.args.thaw_id, c.now));
  },

  slash_stake(c) {
    const [rules, pool] = [this.get(c.a.staking, "Staking", c.key), this.get(c.a.pool, "Pool", c.key)];
    need(rules.slasher === c.a.slasher, "not the slasher");
    if (c.args.ppm >= 1_000_000) {
      this.burn(c, pool.tokens + pool.thawing_tokens);
      Object.assign(pool, { tokens: 0n, shares: 0n, thawing_tokens: 0n, thawing_shares: 0n, self_shares: 0n, generation: pool.generation + 1n });
      return;
    }
    const taken = (tokens, shares) => {
      const floor = shares / 1_000_000_000n;
      const part = (tokens * BigInt(c.args.ppm)) / 1_000_000n;
      return tokens <= floor ? 0n : part < tokens - floor ? part : tokens - floor;
    };
    const [active, thawing] = [taken(pool.tokens, pool.shares), taken(pool.thawing_tokens, pool.thawing_shares)];
    pool.tokens -= active;
    pool.thawing_tokens -= thawing;
    this.burn(c, active + thawing);
  },
};
