// A mirror has nothing but the events: what they give, applied one after the other, is what the accounts hold.
import test from "node:test";
import assert from "node:assert/strict";
import { toBytes, toHex, sliceHex, hexToBigInt, hexToNumber } from "viem";
import { World, Network, must, key, pda, hash, operators, coder, plain, idl, sign, le, TOLERANCE, NOBODY, web3 } from "./rig.mjs";
import { Devices, Batch, deviceKey } from "./devices.mjs";
import { Staking } from "./staking.mjs";

const ZERO = toHex(new Uint8Array(32));
const none = NOBODY.toBase58();

/** State by account kind, each entry by what names it in events. */
class Mirror {
  network = {};
  ledger = { last_epoch: 0n, next_final: 1n, generation: 0n, last_accepted_at: 0n, last_cancelled_at: 0n, payout_count: 0, config_count: 0n };
  reports = new Map();
  distributor = { current: null, previous: null, total_claimed: 0n };
  operators = {}; configs = {}; challenges = {}; payouts = {}; claimed = {}; registry = null; makers = {}; models = {}; batches = {}; devices = {}; keys = {}; staking = null; pools = {}; positions = {};

  apply({ name, network, ...e }) {
    assert.ok(this[name], `nobody applies ${name}`);
    this[name](e);
  }

  operator(e) { return this.operators[e.report_key]; }
  device(e) { return this.devices[e.token]; }
  position(e) { return (this.positions[`${e.provider} ${e.staker}`] ??= { shares: 0n, generation: 0n, next_thaw: 0, thaws: {} }); }
  pool(e) { return (this.pools[e.provider] ??= { tokens: 0n, shares: 0n, thawing_tokens: 0n, thawing_shares: 0n, self_shares: 0n, generation: 0n }); }

  NetworkInitialized({ ledger, distributor, domain, breaker_capacity, breaker_min_capacity, breaker_max_capacity, breaker_window, ...rest }) {
    this.network = { ...rest, ledger, distributor, pending_owner: none };
    Object.assign(this.distributor, { domain, capacity: breaker_capacity, min_capacity: breaker_min_capacity, max_capacity: breaker_max_capacity, window: breaker_window });
  }
  OwnerProposed(e) { this.network.pending_owner = e.pending; }
  OwnerChanged(e) { Object.assign(this.network, { owner: e.owner, pending_owner: none }); }
  OperatorRegistered(e) { this.operators[e.report_key] = { account: e.account, protocol_key: e.protocol_key, bond: e.bond, endpoint: e.endpoint, last_config: 0n, exit_at: 0n, slashed: false }; }
  BondAdded(e) { this.operator(e).bond = e.bond; }
  EndpointChanged(e) { this.operator(e).endpoint = e.endpoint; }
  ExitRequested(e) { this.operator(e).exit_at = e.exit_at; }
  BondWithdrawn(e) { this.operator(e).bond -= e.amount; }
  BondSlashed(e) { Object.assign(this.operator(e), { bond: 0n, slashed: true }); }
  ConfigScheduled({ members, previous_last_epoch, ...e }) {
    if (e.count > 1n) this.configs[e.count - 1n].last_epoch = previous_last_epoch;
    this.configs[e.count] = { ...e, last_epoch: (1n << 64n) - 1n, members };
    for (const m of members) this.operators[m.report_key].last_config = e.count;
    this.ledger.config_count = e.count;
  }
  ReportAccepted(e) {
    const before = this.reports.get(e.epoch % 16n);
    this.reports.set(e.epoch % 16n, {
      epoch: e.epoch, digest: e.digest, rewards_root: sliceHex(e.report, 216, 248), cumulative_total: hexToBigInt(sliceHex(e.report, 284, 300)), leaf_count: hexToNumber(sliceHex(e.report, 280, 284)),
      claimable_at: e.claimable_at, status: 1, cancellations: before?.epoch === e.epoch ? before.cancellations : 0,
    });
    Object.assign(this.ledger, { last_epoch: e.epoch, last_accepted_at: e.claimable_at - this.network.challenge_window - TOLERANCE });
  }
  ReportChallenged(e) {
    Object.assign(this.reports.get(e.epoch % 16n), { status: 2, claimable_at: e.claimable_at });
    this.challenges[e.digest] = { challenger: e.challenger, epoch: e.epoch };
  }
  ReportCancelled(e) {
    this.reports.get(e.epoch % 16n).cancellations++;
    Object.assign(this.ledger, { last_epoch: e.epoch - 1n, generation: e.new_generation, last_cancelled_at: e.cancelled_at });
  }
  ChallengeSettled(e) { delete this.challenges[e.digest]; }
  ReportFinalized(e) {
    this.reports.get(e.epoch % 16n).status = 3;
    this.ledger.next_final = e.epoch + 1n;
  }
  EpochMinted() {}
  RootAdvanced(e) { Object.assign(this.distributor, { previous: this.distributor.current, current: e }); }
  IndexAssigned(e) {
    this.payouts[e.account] = { index: e.index, recipient: e.account, pending_recipient: none, ready_at: 0n };
    this.ledger.payout_count = e.index + 1;
  }
  RecipientScheduled(e) { Object.assign(this.payouts[e.account], { pending_recipient: e.recipient, ready_at: e.ready_at }); }
  RecipientChanged(e) { Object.assign(this.payouts[e.account], { recipient: e.recipient, pending_recipient: none, ready_at: 0n }); }
  Claimed(e) {
    this.claimed[e.index] = e.claimed;
    this.distributor.total_claimed += e.amount;
  }
  ClaimSkipped() {}
  BreakerChanged(e) { this.distributor.capacity = e.capacity; }
  TreeFaultProven() {}
  EquivocationProven() {}
  RegistryOpened(e) { this.registry = { ...e, models: 0, batches: 0n, devices: 0n }; }
  MakerSet(e) { this.makers[e.maker_id] = { ...e, issued: this.makers[e.maker_id]?.issued ?? 0 }; }
  ModelAdded(e) { this.models[e.model_id] = e; this.registry.models = e.model_id; }
  BatchPublished({ uri, ...e }) { this.batches[e.batch_id] = { ...e, registered: 0, revoked: 0 }; this.registry.batches = e.batch_id; }
  BatchRevoked(e) { this.batches[e.batch_id].revoked = 1; }
  DeviceRegistered({ batch_id, metadata, public_key, ...e }) {
    this.devices[e.token] = { ...e, status: 1, pending_key_type: 0, pending_device_id: ZERO, ready_at: 0n, first: e.device_id };
    this.registry.devices = e.token;
    this.makers[this.models[e.model_id].maker_id].issued++;
    if (batch_id !== 0n) this.batches[batch_id].registered++;
  }
  CellAsserted(e) { this.device(e).cell = e.cell; }
  DeviceTransferred(e) { this.device(e).owner = e.to; }
  StatusChanged(e) { this.device(e).status = e.to; }
  KeyRotationScheduled(e) {
    this.keys[e.device_id] = e.token;
    Object.assign(this.device(e), { pending_key_type: e.key_type, pending_device_id: e.device_id, ready_at: e.ready_at });
  }
  KeyRotationCancelled(e) { Object.assign(this.device(e), { pending_key_type: 0, pending_device_id: ZERO, ready_at: 0n }); }
  KeyRotated(e) { Object.assign(this.device(e), { device_id: e.new_device_id, key_type: e.key_type, pending_key_type: 0, pending_device_id: ZERO, ready_at: 0n }); }
  StakingOpened(e) { this.staking = e; }
  joined(e) {
    const [pool, position] = [this.pool(e), this.position(e)];
    if (position.generation !== pool.generation) Object.assign(position, { shares: 0n, generation: pool.generation });
    pool.tokens += e.tokens; pool.shares += e.shares; position.shares += e.shares;
    if (e.provider === e.staker) pool.self_shares += e.shares;
  }
  left(e) {
    const [pool, position] = [this.pool(e), this.position(e)];
    const thaw = position.thaws[e.thaw_id];
    delete position.thaws[e.thaw_id];
    if (thaw.generation !== pool.generation) return;
    pool.thawing_tokens -= e.tokens; pool.thawing_shares -= thaw.shares;
  }
  StakeDeposited(e) { this.joined(e); }
  ThawRequested(e) {
    const [pool, position] = [this.pool(e), this.position(e)];
    pool.tokens -= e.tokens; pool.shares -= e.shares; pool.thawing_tokens += e.tokens; pool.thawing_shares += e.thaw_shares; position.shares -= e.shares;
    if (e.provider === e.staker) pool.self_shares -= e.shares;
    position.thaws[e.thaw_id] = { shares: e.thaw_shares, ready_at: e.ready_at, generation: pool.generation };
    position.next_thaw = e.thaw_id + 1;
  }
  ThawCancelled(e) { this.left(e); this.joined(e); }
  StakeWithdrawn(e) { this.left(e); }
  PoolReset(e) { this.pools[e.provider] = { tokens: 0n, shares: 0n, thawing_tokens: 0n, thawing_shares: 0n, self_shares: 0n, generation: e.generation, reset: true }; }
  StakeSlashed(e) {
    const pool = this.pool(e);
    if (pool.reset) { delete pool.reset; return; }
    pool.tokens -= e.active; pool.thawing_tokens -= e.thawing;
  }
}

/** The fields of `stored` that `said` has, and both alike. */
const agrees = (said, stored, what) => assert.deepEqual(said, Object.fromEntries(Object.keys(said).map((field) => [field, stored[field]])), what);

test("events alone give the state of every account", async () => {
  const world = new World();
  const n = new Network(world, { breaker_capacity: 100_000_000_000n });
  must(n.initialize());
  n.members = operators(7);
  for (const o of n.members) must(n.register(o));
  must(n.schedule(n.members.slice(0, 4)));
  for (let i = 0; i < 3; i++) n.addPayout(key(`paid ${i}`));
  const members = n.members;
  n.members = members.slice(0, 4);
  const [first, ...rest] = members;
  const spare = members.at(-1);
  const own = (o) => ({ account: o.account.publicKey, operator: o.operator, source: o.source, to: o.source });
  must(n.call("add_bond", own(first), { amount: 77n }, [first.account]));
  must(n.call("set_endpoint", own(first), { endpoint: "https://elsewhere.example" }, [first.account]));
  must(n.call("set_breaker", { owner: n.owner.publicKey }, { capacity: 90_000_000_000n }, [n.owner]));
  const p = n.paid[0];
  must(n.call("schedule_recipient", { account: p.account.publicKey, payout: p.payout }, { recipient: n.paid[1].account.publicKey }, [p.account]));
  must(n.call("request_exit", own(spare), {}, [spare.account]));

  // Two epochs: the first final and claimed, the second challenged, cancelled, accepted again.
  const tree = n.tree([100n, 200n, 300n]);
  n.settle(tree);
  must(n.call("apply_recipient", { payout: n.paid[0].payout }, {}, []));
  must(n.claimMany(tree, [1, 2], world.payer));
  must(n.schedule(members.slice(0, 4), 9n));
  const later = n.tree([110n, 200n, 300n]);
  const report = n.report(later);
  world.setTime(report.periodEnd);
  must(n.attest(report));
  const challenger = key("challenger");
  world.fund(challenger.publicKey);
  const source = world.token("challenger token", n.mint, challenger.publicKey, 10_000n);
  const challenge = (r) => pda("challenge", n.network, toBytes(r.digest));
  const challenging = (r) => must(n.call("challenge", { challenger: challenger.publicKey, challenge: challenge(r), source }, { epoch: r.epoch, evidence: hash("e") }, [challenger]));
  challenging(report);
  must(n.call("cancel", { arbiter: n.arbiter.publicKey }, { epoch: 2n }, [n.arbiter]));
  must(n.call("reclaim_bond", { challenge: challenge(report), challenger: challenger.publicKey, to: source }, {}, []));
  const again = n.report(later);
  must(n.attest(again));
  challenging(again);
  must(n.call("withdraw_bond", own(spare), {}, [spare.account]));

  const d = new Devices(n).ready();
  const keys = [1, 2, 3].map((type) => deviceKey(type, "replayed"));
  const batch = new Batch(keys.map((k) => [k.id, 1]));
  must(d.publish(batch.root, 2));
  must(d.publish(hash("another"), 2));
  must(d.revoke(2));
  must(d.register(keys[0]));
  must(d.register(keys[1], { registration: { batch_id: 1n }, proof: batch.proof(1) }));
  must(d.register(keys[2], { vouched: "account" }));
  const at = keys.map((k) => d.device(k));
  must(d.act("assert_cell", at[0], d.owner, { cell: 4n }));
  must(d.scheduleKey(at[0], 1n, deviceKey(3, "rotated")));
  world.pass(1_000n + TOLERANCE);
  must(d.act("apply_key", at[0]));
  must(d.scheduleKey(at[1], 2n, deviceKey(1, "given up")));
  must(d.act("cancel_key", at[1]));
  must(d.scheduleKey(at[1], 2n, deviceKey(1, "waiting")));
  must(d.scheduleKey(at[2], 3n, deviceKey(1, "lost in a transfer")));
  must(d.act("transfer_device", at[2], d.owner, { to: n.paid[1].account.publicKey }, { payout: n.paid[1].payout }));
  must(d.act("suspend_device", at[2], n.owner));
  must(d.setMaker({ quota: 9, active: false }));

  const s = new Staking(world, "", n).ready({ max_thaws: 8 });
  must(s.deposit(s.provider, 1_000n));
  must(s.deposit(s.delegator, 500n));
  must(s.thaw(s.delegator, 100_000n));
  must(s.slash(1_000_000));
  must(s.deposit(s.provider, 2_000n));
  must(s.deposit(s.delegator, 700n));
  for (const shares of [1_000n, 50_000n, 60_000n]) must(s.thaw(s.delegator, shares));
  must(s.slash(123_456));
  must(s.cancel(s.delegator, 2));
  world.pass(2_000n);
  must(s.withdraw(s.delegator, 0));
  must(s.withdraw(s.delegator, 1));
  must(n.call("propose_owner", { owner: n.owner.publicKey }, { pending: s.slasher.publicKey }, [n.owner]));
  const [a, b] = [n.report(later, { epoch: 3n }), n.report(later, { epoch: 3n, anchorNumber: 9n })];
  const liar = rest[0];
  must(n.call("prove_equivocation", { reporter: world.payer.publicKey, config: n.config(1n), operator: liar.operator, to: world.token("reporter", n.mint, world.payer.publicKey) },
    { report: toBytes(a.raw), other_rest: toBytes(b.raw).subarray(64), signature: sign(a.digest, liar.secret).bytes, other_signature: sign(b.digest, liar.secret).bytes }, []));

  const mirror = new Mirror();
  const events = world.lines.map((line) => coder.events.decode(line)).map((e) => ({ name: e.name, ...plain(e.data) }));
  assert.ok(events.every((e) => e.network === n.network.toBase58()));
  for (const event of events) mirror.apply(event);

  const { domain, chain, ...network } = mirror.network;
  agrees({ chain, ...network }, world.fetch("Network", n.network), "network");
  const ledger = world.fetch("Ledger", n.ledger);
  agrees(mirror.ledger, ledger, "ledger");
  for (const [slot, said] of mirror.reports) agrees(said, ledger.reports[Number(slot)], `report in slot ${slot}`);
  const { current, previous, ...distributor } = mirror.distributor;
  const stored = world.fetch("Distributor", n.distributor);
  agrees(distributor, stored, "distributor");
  agrees(current, stored.current, "current root");
  assert.deepEqual([previous, stored.previous.epoch], [null, 0n]);
  for (const o of members) {
    const account = world.fetch("Operator", o.operator);
    const { endpoint, ...said } = mirror.operators[o.address];
    agrees(said, account, o.address);
    assert.equal(Buffer.from(toBytes(account.endpoint)).subarray(0, account.endpoint_length).toString(), endpoint);
  }
  for (const [count, { members: set, ...said }] of Object.entries(mirror.configs)) {
    const account = world.fetch("Config", n.config(BigInt(count)));
    agrees(said, account, `config ${count}`);
    assert.deepEqual(account.members.slice(0, said.n), set);
  }
  assert.deepEqual(Object.keys(mirror.challenges), [again.digest]);
  agrees(mirror.challenges[again.digest], world.fetch("Challenge", challenge(again)), "challenge");
  for (const { account, payout } of n.paid) agrees(mirror.payouts[account.publicKey.toBase58()], world.fetch("Payout", payout), "payout");
  const page = world.fetch("Page", n.paid[0].page);
  n.paid.forEach(({ index }) => assert.equal(page.claimed[index], mirror.claimed[index] ?? 0n, `claimed by ${index}`));
  agrees(mirror.registry, world.fetch("DeviceRegistry", n.registry), "registry");
  for (const [id, said] of Object.entries(mirror.makers)) agrees(said, world.fetch("DeviceMaker", d.maker(id)), `maker ${id}`);
  for (const [id, said] of Object.entries(mirror.models)) agrees(said, world.fetch("DeviceModel", d.model(id)), `model ${id}`);
  for (const [id, said] of Object.entries(mirror.batches)) agrees(said, world.fetch("DeviceBatch", d.batch(id)), `batch ${id}`);
  for (const { first: id, ...said } of Object.values(mirror.devices)) agrees(said, world.fetch("Device", pda("device", n.network, toBytes(id))), `device ${said.token}`);
  for (const [id, token] of Object.entries(mirror.keys)) assert.equal(world.fetch("DeviceKey", pda("device", n.network, toBytes(id))).token, token);
  assert.equal(Object.keys(mirror.devices).length + Object.keys(mirror.keys).length, 7);
  agrees(mirror.staking, world.fetch("Staking", s.staking), "staking");
  agrees(mirror.pools[s.provider.key.toBase58()], s.state, "pool");
  for (const who of [s.provider, s.delegator]) {
    const { thaws, ...said } = mirror.positions[`${s.provider.key.toBase58()} ${who.key.toBase58()}`];
    const account = world.fetch("Position", s.position(who));
    agrees({ ...said, open_thaws: Object.keys(thaws).length }, account, "position");
    assert.deepEqual(Object.fromEntries(account.thaws.filter((t) => t.ready_at > 0n).map(({ thaw_id, ...t }) => [thaw_id, t])), thaws);
  }
  const said = new Set(events.map((e) => e.name));
  assert.deepEqual(idl.events.map((e) => e.name).filter((name) => !Mirror.prototype[name]), [], "events that the mirror does not know");
  assert.ok(said.size > 35, `${said.size} kinds of events`);
});
