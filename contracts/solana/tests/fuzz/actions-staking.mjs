// Honest actions: providers, delegators and the slasher.
import { hash } from "../rig.mjs";
import { place } from "./basics.mjs";
import { text } from "./wire.mjs";
import { one, act, somebody } from "./actions-settlement.mjs";

const rulesOf = (f, n) => f.model.accounts.get(place("staking", n.key));
const aPosition = (f, n, holds) => one(f, n, "Position", (p) => f.ring.has(p.staker) && (holds(p) || f.r.chance(2)));
const at = (p, more) => ({ staker: p.staker, staking: place("staking", p.network), pool: p.pool, position: p.address, ...more });
const share = (f, whole) => (f.r.chance(30) ? whole : f.r.between(0n, whole + (f.r.chance(5) ? 1n : 0n)));

export const stakingActions = {
  open_staking(f, n) {
    if (rulesOf(f, n) && f.r.chance(95)) return null;
    const slasher = f.mints.find((m) => m.network === n.key).slasher.publicKey;
    return {
      accounts: { owner: n.owner, payer: f.payer, staking: place("staking", n.key) },
      args: { settings: { slasher, min_deposit: 10n, pool_cap: 200_000n, thaw_period: 500n, delegation_ratio: 3, max_thaws: 2 } },
    };
  },
  deposit_stake(f, n) {
    const provider = text(f.people[f.r.below(3)].publicKey);
    const staker = f.r.chance(60) ? provider : somebody(f);
    const payout = place("payout", n.key, provider);
    if (!rulesOf(f, n) || (provider === staker && !f.model.accounts.has(payout) && !f.r.chance(10))) return null;
    const tokens = BigInt(f.r.chance(4) ? 200_001 : f.r.chance(20) ? f.r.below(100) : f.r.below(40_000));
    const pool = place("pool", n.key, provider);
    return {
      accounts: {
        staker, staking: place("staking", n.key), pool, position: place("position", n.key, provider, staker), source: f.purse(staker, n.mint),
        payout: provider === staker ? payout : undefined,
      },
      args: { provider: f.key(provider), tokens, min_shares: f.r.chance(10) ? tokens * 1_000n : 0n },
    };
  },
  request_thaw: (f, n) => act(aPosition(f, n, (p) => p.shares > 0n && (p.open_thaws < 2 || f.r.chance(20))), (p) => ({
    accounts: at(p), args: { shares: share(f, p.shares), min_tokens: f.r.chance(5) ? 50_000n : 0n },
  })),
  cancel_thaw: (f, n) => act(f.r.chance(60) && aPosition(f, n, (p) => p.open_thaws > 0), (p) => ({ accounts: at(p), args: { thaw_id: thawOf(f, p), min_shares: f.r.chance(5) ? 1n << 60n : 0n } })),
  withdraw_stake: (f, n) => act(aPosition(f, n, (p) => p.thaws.some((t) => t.ready_at !== 0n && (t.ready_at <= f.now || f.r.chance(60)))), (p) => ({
    accounts: at(p, { to: f.purse(p.staker, n.mint) }), args: { thaw_id: (p.thaws.find((t) => t.ready_at !== 0n && t.ready_at <= f.now) ?? { thaw_id: thawOf(f, p) }).thaw_id },
  })),
  slash_stake(f, n) {
    const pool = f.r.chance(50) ? one(f, n, "Pool") : null;
    const slasher = rulesOf(f, n)?.slasher;
    if (!pool || !f.ring.has(slasher)) return null;
    const ppm = f.r.chance(10) ? 1_000_000 : f.r.chance(10) ? 999_999 : f.r.below(200_000);
    return { accounts: { slasher, staking: place("staking", n.key), pool: pool.address }, args: { ppm, reason: hash("why") } };
  },
};

const thawOf = (f, p) => {
  const open = p.thaws.filter((t) => t.ready_at !== 0n);
  return open.length > 0 && !f.r.chance(3) ? f.r.pick(open).thaw_id : p.next_thaw;
};
