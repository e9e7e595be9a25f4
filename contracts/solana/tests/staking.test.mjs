// Providers' stakes: one share pool each, whose thawing part can be slashed until it is withdrawn.
import assert from "node:assert/strict";
import { toHex } from "viem";
import { must, refused, key, pda, hash, le, web3, NOBODY, PROGRAM, TOLERANCE, test } from "./rig.mjs";
import { Staking, THAW, RATIO, CAP } from "./staking.mjs";

const said = (outcome) => must(outcome).events.map(({ network, ...e }) => e);

test("staking opens once, by the network's owner, with rules within their bounds", () => {
  const s = new Staking();
  refused(s.open({}, { owner: s.slasher.publicKey }, [s.slasher]), "NotAuthorized");
  refused(s.open({ slasher: NOBODY }), "ZeroKey");
  refused(s.open({ min_deposit: 0n }), "BadParameter");
  refused(s.open({ max_thaws: 0 }), "BadParameter");
  refused(s.open({ max_thaws: 9 }), "BadParameter");
  refused(s.open({}, { staking: s.n.registry }), "WrongAddress");
  const rules = { slasher: s.slasher.publicKey.toBase58(), min_deposit: 10n, pool_cap: CAP, thaw_period: THAW, delegation_ratio: RATIO, max_thaws: 8 };
  assert.deepEqual(said(s.open({ max_thaws: 8 })), [{ name: "StakingOpened", ...rules }]);
  assert.deepEqual(s.world.fetch("Staking", s.staking), { network: s.n.network.toBase58(), ...rules });
  s.world.pass(1);
  refused(s.open(), "AlreadyExists");
});

test("a deposit buys shares, and its provider has a payout index", () => {
  const s = new Staking().ready();
  const bonds = s.world.balance(s.n.bonds);
  refused(s.deposit(s.provider, 9n), "BelowMinimum");
  refused(s.deposit(s.provider, 100n, { payout: s.n.paid[1].payout }), "WrongAccount");
  const homeless = s.staker("homeless");
  refused(s.deposit(homeless, 100n, { provider: homeless }), "NoPayout");
  refused(s.deposit(s.provider, 100n, { min_shares: 100_001n }), "Slippage");
  assert.deepEqual(said(s.deposit(s.provider, 100n, { min_shares: 100_000n })), [{ name: "StakeDeposited", provider: s.provider.key.toBase58(), staker: s.provider.key.toBase58(), tokens: 100n, shares: 100_000n }]);
  assert.deepEqual(said(s.deposit(s.delegator, 50n)), [{ name: "StakeDeposited", provider: s.provider.key.toBase58(), staker: s.delegator.key.toBase58(), tokens: 50n, shares: 50_000n }]);
  assert.deepEqual(s.state, { network: s.n.network.toBase58(), provider: s.provider.key.toBase58(), tokens: 150n, shares: 150_000n, thawing_tokens: 0n, thawing_shares: 0n, self_shares: 100_000n, generation: 0n });
  assert.equal(s.sharesOf(s.delegator), 50_000n);
  assert.equal(s.world.balance(s.n.bonds) - bonds, 150n);
});

test("delegation is bounded by the provider's own stake, and a pool by its cap", () => {
  const s = new Staking().ready();
  refused(s.deposit(s.delegator, 100n), "RatioExceeded");
  must(s.deposit(s.provider, 100n));
  must(s.deposit(s.delegator, 400n));
  refused(s.deposit(s.delegator, 10n), "RatioExceeded");
  refused(s.deposit(s.provider, CAP - 499n), "CapExceeded");
  // What thaws counts, too; the provider may always leave, whatever is delegated.
  must(s.thaw(s.provider, 50_000n));
  refused(s.deposit(s.provider, CAP - 499n), "CapExceeded");
  must(s.deposit(s.provider, CAP - 500n));
});

test("stake leaves after the thaw in full, and not before", () => {
  const s = new Staking().ready();
  must(s.deposit(s.provider, 100n));
  refused(s.thaw(s.provider, 0n), "ZeroAmount");
  refused(s.thaw(s.provider, 100_001n), "InsufficientShares");
  refused(s.thaw(s.provider, 100_000n, 101n), "Slippage");
  const ready_at = s.world.now + THAW + TOLERANCE;
  assert.deepEqual(said(s.thaw(s.provider, 100_000n, 100n)), [{
    name: "ThawRequested", provider: s.provider.key.toBase58(), staker: s.provider.key.toBase58(), thaw_id: 0, shares: 100_000n, tokens: 100n, thaw_shares: 100_000n, ready_at,
  }]);
  assert.deepEqual([s.state.tokens, s.state.shares, s.state.self_shares, s.state.thawing_tokens, s.state.thawing_shares], [0n, 0n, 0n, 100n, 100_000n]);
  refused(s.withdraw(s.provider, 0), "ThawNotReady");
  refused(s.withdraw(s.provider, 1), "UnknownThaw");
  s.world.setTime(ready_at - 1n);
  refused(s.withdraw(s.provider, 0), "ThawNotReady");
  s.world.setTime(ready_at);
  const before = s.world.balance(s.provider.token);
  assert.deepEqual(said(s.withdraw(s.provider, 0)), [{ name: "StakeWithdrawn", provider: s.provider.key.toBase58(), staker: s.provider.key.toBase58(), thaw_id: 0, tokens: 100n }]);
  assert.equal(s.world.balance(s.provider.token) - before, 100n);
  s.world.pass(1);
  refused(s.withdraw(s.provider, 0), "UnknownThaw");
  assert.deepEqual([s.state.thawing_tokens, s.state.thawing_shares], [0n, 0n]);
});

test("a thaw is cancelled at today's price; only so many are open, each with a number of its own", () => {
  const s = new Staking().ready();
  must(s.deposit(s.provider, 900n));
  for (const id of [0, 1, 2]) assert.equal(said(s.thaw(s.provider, 100_000n + BigInt(id)))[0].thaw_id, id);
  refused(s.thaw(s.provider, 100_000n), "TooManyThaws");
  refused(s.cancel(s.provider, 3), "UnknownThaw");
  refused(s.cancel(s.provider, 1, 100_001n), "Slippage");
  const [cancelled] = said(s.cancel(s.provider, 1, 99_000n));
  assert.deepEqual([cancelled.name, cancelled.thaw_id, cancelled.tokens], ["ThawCancelled", 1, 100n]);
  s.world.pass(1);
  refused(s.cancel(s.provider, 1), "UnknownThaw");
  assert.equal(said(s.thaw(s.provider, 100_000n))[0].thaw_id, 3);
  const position = s.world.fetch("Position", s.position(s.provider));
  assert.deepEqual([position.open_thaws, position.next_thaw, position.thaws.filter((t) => t.ready_at > 0n).map((t) => t.thaw_id)], [3, 4, [0, 3, 2]]);
  assert.equal(s.state.tokens + s.state.thawing_tokens, 900n);
});

test("a slash burns active and thawing stake alike", () => {
  const s = new Staking().ready();
  must(s.deposit(s.provider, 1_000n));
  must(s.deposit(s.delegator, 1_000n));
  must(s.thaw(s.delegator, 500_000n));
  const [supply, bonds] = [s.world.supply(s.n.mint), s.world.balance(s.n.bonds)];
  refused(s.slash(1, { slasher: s.provider.key }, s.provider.account), "NotSlasher");
  refused(s.slash(1, { slasher: s.n.owner.publicKey }, s.n.owner), "NotSlasher");
  refused(s.slash(1, { bonds: s.n.vault }), "WrongAddress");
  refused(s.slash(1, { mint: s.provider.token }), "WrongAddress");
  refused(s.slash(1, { token_program: PROGRAM }), "WrongProgram");
  assert.deepEqual(said(s.slash(250_000)), [{ name: "StakeSlashed", provider: s.provider.key.toBase58(), active: 375n, thawing: 125n, reason: toHex(hash("why")) }]);
  assert.deepEqual([s.state.tokens, s.state.thawing_tokens, s.state.generation], [1_125n, 375n, 0n]);
  assert.deepEqual([supply - s.world.supply(s.n.mint), bonds - s.world.balance(s.n.bonds)], [500n, 500n]);
  s.world.pass(THAW + TOLERANCE);
  assert.equal(said(s.withdraw(s.delegator, 0))[0].tokens, 375n);
});

test("a whole slash voids shares and thaws, and the pool starts anew", () => {
  const s = new Staking().ready();
  must(s.deposit(s.provider, 1_000n));
  must(s.deposit(s.delegator, 1_000n));
  must(s.thaw(s.delegator, 500_000n));
  const events = said(s.slash(1_000_000));
  assert.deepEqual(events, [{ name: "PoolReset", provider: s.provider.key.toBase58(), generation: 1n }, { name: "StakeSlashed", provider: s.provider.key.toBase58(), active: 1_500n, thawing: 500n, reason: toHex(hash("why")) }]);
  assert.deepEqual(s.state, { network: s.n.network.toBase58(), provider: s.provider.key.toBase58(), tokens: 0n, shares: 0n, thawing_tokens: 0n, thawing_shares: 0n, self_shares: 0n, generation: 1n });
  refused(s.thaw(s.delegator, 1n), "InsufficientShares");
  // Slashing an empty pool takes nothing, and a void thaw pays nothing but gives its place back.
  assert.equal(said(s.slash(500_000))[0].active, 0n);
  refused(s.cancel(s.delegator, 0), "ZeroAmount");
  must(s.deposit(s.provider, 100n));
  s.world.pass(THAW + TOLERANCE);
  assert.equal(said(s.withdraw(s.delegator, 0))[0].tokens, 0n);
  assert.deepEqual([s.state.tokens, s.state.thawing_tokens, s.sharesOf(s.provider)], [100n, 0n, 100_000n]);
  must(s.deposit(s.delegator, 100n));
  assert.equal(s.sharesOf(s.delegator), 100_000n, "old shares are gone");
});

test("partial slashes leave prices in range, so that a pool can always be entered and left", () => {
  const s = new Staking().ready();
  must(s.deposit(s.provider, 1_000_000n));
  for (let i = 0; i < 40; i++) must(s.slash(900_000));
  assert.deepEqual([s.state.tokens, s.state.shares], [1n, 1_000_000_000n]);
  assert.equal(said(s.slash(999_999))[0].active, 0n);
  must(s.deposit(s.provider, 10n));
  must(s.thaw(s.provider));
  s.world.pass(THAW + TOLERANCE);
  const { tokens } = said(s.withdraw(s.provider, 0))[0];
  assert.ok(tokens === 10n || tokens === 11n);
});

test("a slash short of the whole stops at a millionth of what the shares cost", () => {
  const s = new Staking().ready({ pool_cap: 10_000_000n });
  must(s.deposit(s.provider, 4_000_000n));
  must(s.slash(500_000));
  assert.equal(said(s.slash(999_999))[0].active, 1_999_996n);
  assert.equal(s.state.tokens, 4n);
});

test("the first depositor gains nothing by moving the price", () => {
  const s = new Staking().ready({ min_deposit: 1n });
  must(s.deposit(s.provider, 1n));
  // A donation to the token account is nobody's and moves nothing.
  s.world.put(s.n.bonds, Buffer.from(s.world.data(s.n.bonds)).fill(le(s.world.balance(s.n.bonds) + 100_000n, 8), 64, 72), new web3.PublicKey(s.world.read(s.n.bonds).programAddress));
  assert.equal(said(s.deposit(s.delegator, 3n))[0].shares, 3_000n);
  must(s.thaw(s.delegator));
  s.world.pass(THAW + TOLERANCE);
  assert.equal(said(s.withdraw(s.delegator, 0))[0].tokens, 3n);
});

test("accounts of a stake are held to network, pool and staker", () => {
  const s = new Staking().ready();
  const o = new Staking(s.world, "other").ready();
  const second = s.staker("second", s.n.paid[1].account);
  for (const [who, provider] of [[s.provider, s.provider], [second, second], [s.delegator, s.provider]]) must(s.deposit(who, 100n, { provider }));
  must(o.deposit(o.provider, 100n));
  for (const attempt of [(accounts) => s.deposit(s.provider, 20n, accounts), (accounts) => s.thaw(s.provider, 10n, 0n, accounts)]) {
    refused(attempt({ staking: o.staking }), "WrongAccount");
    refused(attempt({ pool: o.pool() }), "WrongAccount");
    refused(attempt({ pool: s.pool(second) }), "WrongAccount");
    refused(attempt({ position: s.position(second, second) }), "WrongAccount");
    refused(attempt({ position: s.position(s.delegator) }), "NotAuthorized");
  }
  must(s.thaw(s.delegator, 10_000n));
  refused(s.cancel(s.provider, 0, 0n, { position: s.position(s.delegator) }), "NotAuthorized");
  refused(s.withdraw(s.provider, 0, { position: s.position(s.delegator) }), "NotAuthorized");
  // Who has no position yet gets none in a pool that is not the provider's.
  refused(s.deposit(s.staker("early"), 20n, { pool: o.pool() }), "WrongAccount");
  refused(s.deposit(s.staker("earlier"), 20n, { pool: s.pool(second) }), "WrongAccount");
  // Nor in the pool that the same provider has in another network.
  const same = o.staker("same", s.provider.account);
  must(o.n.call("open_payout", { payer: o.world.payer.publicKey, payout: pda("payout", o.n.network, same.key), page: o.n.paid[0].page }, { account: same.key }, []));
  must(o.deposit(same, 100n, { provider: same }));
  refused(s.deposit(s.staker("earliest"), 20n, { pool: o.pool(same) }), "WrongAccount");
  refused(s.slash(1, { staking: o.staking }), "WrongAccount");
  refused(s.slash(1, { pool: o.pool() }), "WrongAccount");
  refused(s.deposit(s.staker("new"), 20n, { position: s.position(second, second) }), "WrongAccount");
  refused(s.deposit(s.staker("newer"), 20n, { position: key("elsewhere").publicKey }), "WrongAddress");
  const third = s.staker("third", s.n.paid[1].account);
  refused(s.deposit(third, 20n, { provider: third, pool: key("elsewhere").publicKey }), "WrongAddress");
  refused(s.deposit(s.provider, 20n, { bonds: s.n.vault }), "WrongAddress");
  refused(s.deposit(s.provider, 20n, { token_program: PROGRAM }), "WrongProgram");
  refused(s.deposit(s.provider, 20n, { system_program: PROGRAM }), "WrongProgram");
});

test("a random life of a pool agrees with the rules in whole numbers, and loses no token", () => {
  const s = new Staking().ready({ pool_cap: 1n << 62n, min_deposit: 1n, delegation_ratio: 1_000_000, thaw_period: 5n });
  const stakers = [s.provider, s.delegator, s.staker("third", undefined, 1n << 60n)];
  const model = { tokens: 0n, shares: 0n, tt: 0n, ts: 0n, self: 0n, gen: 0n };
  const places = new Map(stakers.map((w) => [w, { shares: 0n, gen: 0n, thaws: new Map(), next: 0 }]));
  const toShares = (t, ps, pt) => (t * (ps + 1_000n)) / (pt + 1n);
  const toTokens = (sh, ps, pt) => (sh * (pt + 1n)) / (ps + 1_000n);
  let seed = 20_261_122;
  const random = (n) => { seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0; return Math.floor((seed / 2 ** 32) * n); };
  const refresh = (p) => { if (p.gen !== model.gen) { p.shares = 0n; p.gen = model.gen; } };
  const join = (who, p, tokens) => {
    refresh(p);
    const shares = toShares(tokens, model.shares, model.tokens);
    model.tokens += tokens; model.shares += shares; p.shares += shares;
    if (who === s.provider) model.self += shares;
    return shares;
  };
  must(s.deposit(s.provider, 1_000_000n));
  join(s.provider, places.get(s.provider), 1_000_000n);
  const start = s.world.balance(s.n.bonds) - 1_000_000n;
  const done = {};
  for (let i = 0; i < 300; i++) {
    s.world.pass(1);
    const who = stakers[random(3)];
    const p = places.get(who);
    const what = ["deposit", "thaw", "cancel", "withdraw", "slash"][random(20) === 0 ? 4 : random(4)];
    const [open] = p.thaws.keys();
    if (what === "deposit") {
      const tokens = BigInt(1 + random(random(9) === 0 ? 1_000_000_000 : 100_000));
      const outcome = s.deposit(who, tokens);
      if (!outcome.ok) { assert.ok(["RatioExceeded", "ZeroAmount", "0x1", "0"].includes(outcome.error) || outcome.logs.some((l) => l.includes("insufficient funds")), outcome.error); continue; }
      assert.equal(said(outcome)[0].shares, join(who, p, tokens));
    } else if (what === "thaw") {
      refresh(p);
      if (p.shares === 0n || p.thaws.size >= 3) continue;
      const shares = 1n + (p.shares - 1n) * BigInt(random(1_001)) / 1_000n;
      const tokens = toTokens(shares, model.shares, model.tokens);
      const thawShares = toShares(tokens, model.ts, model.tt);
      const [event] = said(s.thaw(who, shares));
      assert.deepEqual([event.tokens, event.thaw_shares, event.thaw_id], [tokens, thawShares, p.next]);
      model.shares -= shares; model.tokens -= tokens; model.tt += tokens; model.ts += thawShares; p.shares -= shares;
      if (who === s.provider) model.self -= shares;
      p.thaws.set(p.next++, { shares: thawShares, gen: model.gen, ready: event.ready_at });
    } else if (what === "cancel" || what === "withdraw") {
      if (open === undefined) continue;
      const t = p.thaws.get(open);
      const tokens = t.gen === model.gen ? toTokens(t.shares, model.ts, model.tt) : 0n;
      if (what === "withdraw" && s.world.now < t.ready) s.world.setTime(t.ready);
      const outcome = what === "cancel" ? s.cancel(who, open) : s.withdraw(who, open);
      if (!outcome.ok) { assert.ok(["ZeroAmount", "RatioExceeded"].includes(outcome.error), outcome.error); continue; }
      assert.equal(said(outcome)[0].tokens, tokens);
      p.thaws.delete(open);
      if (t.gen === model.gen) { model.tt -= tokens; model.ts -= t.shares; }
      if (what === "cancel") join(who, p, tokens);
    } else {
      const ppm = random(8) === 0 ? 1_000_000 : random(1_000_000);
      const part = (tokens, shares) => { const floor = shares / 1_000_000_000n; const share = tokens * BigInt(ppm) / 1_000_000n; return tokens <= floor ? 0n : share < tokens - floor ? share : tokens - floor; };
      const [active, thawing] = ppm >= 1_000_000 ? [model.tokens, model.tt] : [part(model.tokens, model.shares), part(model.tt, model.ts)];
      const event = said(s.slash(ppm)).at(-1);
      assert.deepEqual([event.active, event.thawing], [active, thawing]);
      if (ppm >= 1_000_000) Object.assign(model, { tokens: 0n, shares: 0n, tt: 0n, ts: 0n, self: 0n, gen: model.gen + 1n });
      else { model.tokens -= active; model.tt -= thawing; }
    }
    done[what] = (done[what] ?? 0) + 1;
    const { tokens, shares, thawing_tokens, thawing_shares, self_shares, generation } = s.state;
    assert.deepEqual({ tokens, shares, tt: thawing_tokens, ts: thawing_shares, self: self_shares, gen: generation }, model, `step ${i}: ${what}`);
    assert.equal(s.world.balance(s.n.bonds) - start, model.tokens + model.tt, `step ${i}: ${what}`);
  }
  for (const what of ["deposit", "thaw", "cancel", "withdraw", "slash"]) assert.ok(done[what] > 3, `${what}: ${done[what]}`);
});
