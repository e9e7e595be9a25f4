// What honest people do, as it stands now in the model. An action gives { name, accounts, args, rest, before, slip } or null where there is nothing to do.
// A slip is an honest sender's mistake that is signed like the rest; the model says what becomes of it.
import { keccak256 as keccak, toBytes, toHex } from "viem";
import { le, emission, sign, Tree, reportBytes } from "../rig.mjs";
import { place, ZERO, U64 } from "./basics.mjs";

export const slot = (epoch) => Number(epoch % 16n);
export const of = (f, n, type, holds = () => true) => f.model.all(type, n.key).filter(holds);
export const one = (f, n, type, holds) => {
  const list = of(f, n, type, holds);
  return list.length > 0 ? f.r.pick(list) : null;
};
export const somebody = (f) => f.r.pick(f.people).publicKey.toBase58();
export const fixed = (n) => ({ network: n.key, mint: n.mint, ledger: n.ledger, distributor: n.distributor, vault: n.vault, bonds: n.bonds, registry: place("registry", n.key) });
const eligible = (f, n) => of(f, n, "Operator", (o) => !o.slashed && o.exit_at === 0n).sort((x, y) => (x.report_key < y.report_key ? -1 : 1));
const newest = (f, n) => of(f, n, "Config").sort((x, y) => Number(y.count - x.count))[0];
export const ledgerOf = (f, n) => f.model.accounts.get(n.ledger);
const secretOf = (f, reportKey) => f.operators.find((o) => o.address === reportKey)?.secret;
const shuffled = (f, list) => [...list].map((v) => [f.r.next(), v]).sort((x, y) => x[0] - y[0]).map(([, v]) => v);

/** Leaves that follow the parent's: everybody has as much as before or more. */
function nextTree(f, n, parent, budget, fault) {
  const before = f.trees.get(parent.rewards_root)?.leaves ?? [];
  const payouts = of(f, n, "Payout").sort((x, y) => x.index - y.index);
  if (payouts.length === 0 || (budget > 0n && f.r.chance(3) && before.length === 0)) return null;
  const entries = payouts.map((p) => ({ account: addressHex(f, p.account), cumulative: before[p.index]?.cumulative ?? 0n, itemsHash: keccak(toHex(f.r.next())) }));
  const room = budget / 2n / BigInt(entries.length);
  for (const e of entries) if (f.r.chance(60)) e.cumulative += f.r.between(0n, room);
  const at = f.r.below(entries.length);
  if (fault === 0 && entries.length > 1) entries[at].account = entries[(at + 1) % entries.length].account;
  if (fault === 1 && entries[at].cumulative > 10n) {
    const taken = f.r.between(1n, entries[at].cumulative / 2n);
    entries[at].cumulative -= taken;
    entries[(at + 1) % entries.length].cumulative += taken;
  }
  if (fault === 2) entries[at].prefix = f.r.between(0n, 1_000n);
  let sum = entries.reduce((s, e) => s + e.cumulative, 0n);
  if (sum < parent.cumulative_total) {
    entries[0].cumulative += parent.cumulative_total - sum;
    sum = parent.cumulative_total;
  }
  const tree = new Tree(f.model.accounts.get(n.distributor).domain, entries);
  f.trees.set(tree.root, tree);
  f.note(tree.root);
  return tree;
}

const addressHex = (f, address) => toHex(f.bytes(address));

/** The next report, honest or with a slip that its signers sign all the same. */
function draft(f, n) {
  const ledger = ledgerOf(f, n);
  const epoch = ledger.last_epoch + 1n;
  const count = ledger.schedule.findLast((s) => s.first_epoch <= epoch)?.count;
  if (count === undefined) return null;
  const config = f.model.accounts.get(place("config", n.key, le(count, 8)));
  const parent = ledger.reports[slot(epoch - 1n)];
  const budget = emission(n, epoch);
  const fault = !f.calm && f.r.chance(40) ? f.r.below(4) : null;
  const tree = nextTree(f, n, parent, budget, fault);
  const total = (tree?.total ?? 0n) + (fault === 3 ? 1n : 0n);
  if (total - parent.cumulative_total > budget || total < parent.cumulative_total) return null;
  const start = n.genesis + (epoch - 1n) * n.epoch_length;
  const fields = {
    configDigest: config.digest, generation: ledger.generation, epoch, periodStart: start, periodEnd: start + n.epoch_length, previousDigest: parent.digest, rewardsRoot: tree?.root ?? ZERO,
    leafCount: tree?.leaves.length ?? 0, cumulativeTotal: total, unallocated: budget - (total - parent.cumulative_total), manifestHash: keccak(toHex(f.r.next())),
  };
  const others = of(f, n, "Config", (c) => c.count !== count);
  const slips = {
    generation: ledger.generation + 1n, epoch: epoch + 1n, periodStart: start + 1n, previousDigest: keccak("0x01"), rewardsRoot: ZERO, leafCount: fields.leafCount + 1,
    unallocated: fields.unallocated + 1n, cumulativeTotal: parent.cumulative_total > 0n ? parent.cumulative_total - 1n : total, configDigest: others.length ? f.r.pick(others).digest : ZERO,
  };
  const slip = !f.calm && f.r.chance(30) ? f.r.pick(Object.keys(slips)) : null;
  if (slip) fields[slip] = slips[slip];
  // By a set that is not in force: its own config, and its own members sign.
  const stale = slip === "configDigest" && others.find((c) => c.digest === fields.configDigest);
  const raw = !f.calm && f.r.chance(2) ? reportBytes(fields).replace(/7631/, "7632") : reportBytes(fields);
  const digest = keccak(raw);
  const signing = stale && f.r.chance(70) ? stale : config;
  f.reports.set(digest, { raw, config: signing });
  f.note(raw, digest);
  return { raw, digest, config: signing, slip };
}

/** Signatures of so many of the members, in their order. */
function gather(f, config, digest, wanted, taken = 0) {
  const free = config.members.map((m, i) => i).filter((i) => !((taken >>> i) & 1) && secretOf(f, config.members[i].report_key));
  const who = shuffled(f, free).slice(0, wanted).sort((x, y) => x - y);
  const made = { bitmap: who.reduce((b, i) => (b | (1 << i)) >>> 0, 0), signatures: who.map((i) => f.sign(digest, secretOf(f, config.members[i].report_key))) };
  if (who.length > 0 && !f.calm && f.r.chance(8)) {
    // Somebody signs in another's place, or one that the set does not have.
    made.signatures[0] = f.sign(digest, f.r.pick(f.operators).secret);
    const high = f.r.chance(30) && secretOf(f, config.members[who[0]].report_key);
    if (high) made.signatures[0] = sign(digest, high, { high: true }).bytes;
    else if (f.r.chance(50)) Object.assign(made, { bitmap: ((made.bitmap & ~(1 << who[0])) | (1 << 20)) >>> 0, signatures: [...made.signatures.slice(1), made.signatures[0]] });
  }
  return made;
}

const anOperator = (f, n, holds = () => true) => one(f, n, "Operator", (o) => f.ring.has(o.account) && holds(o));
export const challengeable = (f, n) => {
  const ledger = ledgerOf(f, n);
  const open = [];
  for (let e = ledger.next_final; e <= ledger.last_epoch; e++) open.push(ledger.reports[slot(e)]);
  return open;
};

/** Parameters that no network may have. */
const UNUSABLE = [
  { emission_base: U64 }, { emission_base: U64 }, { breaker_capacity: 99_999n }, { chain: new Uint8Array(32) }, { reporter_bps: 501 }, { epoch_length: 0n }, { emission_decay: 1n << 96n }, { breaker_window: 1n << 32n },
  { min_bond: 0n }, { challenge_bond: 0n }, { breaker_min_capacity: 0n }, { genesis: 0n },
];

export const settlementActions = {
  initialize(f) {
    const free = f.mints.filter((one) => !f.model.accounts.has(one.network));
    const m = free[0].i < 2 ? free[0] : f.r.chance(60) ? f.r.pick(free) : null;
    if (!m) return null;
    const at = (kind) => place(kind, m.network);
    return {
      accounts: {
        payer: f.payer, mint_authority: m.authority.publicKey, mint: m.mint, network: m.network,
        ledger: at("ledger"), distributor: at("distributor"), vault: at("vault"), bonds: at("bonds"),
      },
      args: { parameters: m.i > 1 && f.r.chance(80) ? { ...m.parameters, ...f.r.pick(UNUSABLE) } : m.parameters },
    };
  },
  propose_owner: (f, n) => ({ accounts: { owner: n.owner }, args: { pending: f.key(f.mints[f.r.below(2)].owner.publicKey.toBase58()) } }),
  accept_owner: (f, n) => (f.ring.has(n.pending_owner) ? { accounts: { pending: n.pending_owner } } : null),
  register_operator(f, n) {
    const i = f.operators.findIndex((o) => !f.model.accounts.has(place("operator", n.key, o.address)));
    const o = f.operators[i];
    if (!o || eligible(f, n).length > 8) return null;
    const account = f.people[i % f.people.length].publicKey.toBase58();
    f.note(o.address, toHex(o.protocolKey));
    return {
      accounts: { account, operator: place("operator", n.key, o.address), used_key: place("protocol-key", n.key, o.protocolKey), source: f.purse(account, n.mint) },
      args: { report_key: toBytes(o.address), protocol_key: o.protocolKey, bond: n.min_bond + BigInt(f.r.below(1_000)) - (f.r.chance(5) ? 1_000n : 0n), endpoint: `https://${i}.example` },
    };
  },
  add_bond: (f, n) => act(anOperator(f, n), (o) => ({
    accounts: { account: o.account, operator: o.address, source: f.purse(o.account, n.mint) }, args: { amount: f.r.chance(6) ? U64 : BigInt(f.r.below(500)) },
  })),
  set_endpoint: (f, n) => act(anOperator(f, n), (o) => ({ accounts: { account: o.account, operator: o.address }, args: { endpoint: "x".repeat(f.r.chance(12) ? 129 : f.r.below(129)) } })),
  request_exit(f, n) {
    const count = ledgerOf(f, n).config_count;
    const o = eligible(f, n).length > 5 ? anOperator(f, n, (x) => x.last_config < count || f.r.chance(3)) : null;
    return act(o, () => ({ accounts: { account: o.account, operator: o.address, config: o.last_config ? place("config", n.key, le(o.last_config, 8)) : undefined } }));
  },
  withdraw_bond: (f, n) => act(anOperator(f, n, (x) => (x.exit_at !== 0n && x.bond > 0n && f.now >= x.exit_at) || f.r.chance(2)), (o) => ({
    accounts: { account: o.account, operator: o.address, to: f.purse(o.account, n.mint) },
  })),
  schedule_config(f, n) {
    const ledger = ledgerOf(f, n);
    const current = f.now < n.genesis ? 0n : (f.now - n.genesis) / n.epoch_length + 1n;
    const last = ledger.schedule.at(-1)?.first_epoch ?? 0n;
    const first = ledger.config_count === 0n ? 1n : (last > current ? last : current) + 1n + BigInt(f.r.below(2)) - (f.r.chance(8) ? 2n : 0n);
    return set(f, n, { first_epoch: first > U64 ? U64 : first });
  },
  recover(f, n) {
    const ledger = ledgerOf(f, n);
    const silent = f.now >= n.genesis + (ledger.last_epoch + 1n) * n.epoch_length + n.recovery_silence || ledger.reports[slot(ledger.last_epoch + 1n)].cancellations > 1;
    return ledger.config_count > 0n && (silent || f.r.chance(5)) ? set(f, n, {}) : null;
  },
  attest(f, n) {
    const d = draft(f, n);
    if (!d) return null;
    const q = d.config.q + (f.r.chance(4) ? f.r.pick([-1, 1]) : 0);
    return { accounts: { config: place("config", n.key, le(d.config.count, 8)) }, args: { report: toBytes(d.raw), ...gather(f, d.config, d.digest, q) }, slip: d.slip };
  },
  open_signatures(f, n) {
    const payer = somebody(f);
    return act(draft(f, n), (d) => ({ accounts: { payer, signatures: place("signatures", n.key, d.digest, payer) }, args: { report: toBytes(d.raw) } }));
  },
  add_signatures(f, n) {
    const s = one(f, n, "Signatures", (x) => x.bitmap === 0 || f.r.chance(20));
    const known = s && f.reports.get(s.digest);
    if (!known) return null;
    const wanted = f.r.chance(60) ? known.config.q : 1 + f.r.below(2);
    return { accounts: { config: place("config", n.key, le(known.config.count, 8)), signatures: s.address }, args: gather(f, known.config, s.digest, wanted, f.r.chance(10) ? 0 : s.bitmap) };
  },
  attest_signed(f, n) {
    const ledger = ledgerOf(f, n);
    const full = (x) => f.reports.has(x.digest) && f.reports.get(x.digest).config.members.filter((_, i) => (x.bitmap >>> i) & 1).length === f.reports.get(x.digest).config.q;
    const ready = (x) => full(x) && Buffer.from(x.report.slice(2), "hex").readBigUInt64BE(56) === ledger.last_epoch + 1n;
    const s = one(f, n, "Signatures", ready) ?? (f.r.chance(10) ? one(f, n, "Signatures") : null);
    return act(s, () => ({ accounts: { config: place("config", n.key, le(f.reports.get(s.digest)?.config.count ?? 1n, 8)), signatures: s.address, payer: s.payer } }));
  },
  close_signatures(f, n) {
    const epoch = ledgerOf(f, n).last_epoch;
    const s = one(f, n, "Signatures", (x) => f.ring.has(x.payer) && (Buffer.from(x.report.slice(2), "hex").readBigUInt64BE(56) <= epoch || f.r.chance(5)));
    return act(s, () => ({ accounts: { payer: s.payer, signatures: s.address } }));
  },
  challenge(f, n) {
    const open = challengeable(f, n).filter((x) => (x.status === 1 && f.now < x.claimable_at) || f.r.chance(4));
    if (open.length === 0) return null;
    const [report, challenger] = [f.r.pick(open), somebody(f)];
    return { accounts: { challenger, challenge: place("challenge", n.key, report.digest), source: f.purse(challenger, n.mint) }, args: { epoch: report.epoch, evidence: toBytes(report.digest) } };
  },
  cancel(f, n) {
    const open = challengeable(f, n);
    return open.length > 0 && f.r.chance(15) ? { accounts: { arbiter: n.arbiter }, args: { epoch: f.r.pick(open).epoch } } : null;
  },
  reclaim_bond(f, n) {
    const ledger = ledgerOf(f, n);
    const c = one(f, n, "Challenge", (x) => x.epoch > ledger.last_epoch || ledger.reports[slot(x.epoch)].digest !== x.digest || f.r.chance(30));
    return act(c, () => ({ accounts: { challenge: c.address, challenger: c.challenger, to: f.purse(c.challenger, n.mint) } }));
  },
  finalize(f, n) {
    const ledger = ledgerOf(f, n);
    const report = ledger.reports[slot(ledger.next_final)];
    if (ledger.next_final > ledger.last_epoch || (f.now < report.claimable_at && !f.r.chance(25))) return null;
    const challenge = place("challenge", n.key, report.digest);
    const challenger = f.model.accounts.get(challenge)?.challenger;
    return { accounts: {}, args: { epoch: ledger.next_final }, rest: report.status === 2 ? [challenge, challenger] : [] };
  },
  prove_equivocation(f, n) {
    const known = [...f.reports.values()].filter((x) => x.config.network === n.key);
    if (known.length === 0 || eligible(f, n).length < 5) return null;
    const { raw, config } = f.r.pick(known);
    const member = f.r.chance(90);
    const o = one(f, n, "Operator", (x) => !x.slashed && secretOf(f, x.report_key) && config.members.some((m) => m.report_key === x.report_key) === member);
    if (!o) return null;
    const rest = toHex(Buffer.from(raw.slice(130), "hex").fill(7, 200, 232));
    const other = keccak(`0x${raw.slice(2, 130)}${rest.slice(2)}`);
    const secret = secretOf(f, o.report_key);
    const reporter = somebody(f);
    return {
      accounts: { reporter, config: place("config", n.key, le(config.count, 8)), operator: o.address, to: f.purse(reporter, n.mint) },
      args: { report: toBytes(raw), other_rest: toBytes(rest), signature: f.sign(keccak(raw), secret), other_signature: f.sign(other, f.r.chance(95) ? secret : f.operators[0].secret) },
    };
  },
};

export const act = (found, make) => (found ? make(found) : null);

function set(f, n, args) {
  const able = eligible(f, n);
  const size = able.length >= 7 && f.r.chance(40) ? 7 : 4;
  if (able.length < 4) return null;
  const members = shuffled(f, able).slice(0, size + (f.r.chance(8) ? 1 : 0));
  if (!f.r.chance(8)) members.sort((x, y) => (x.report_key < y.report_key ? -1 : 1));
  const count = ledgerOf(f, n).config_count;
  return {
    accounts: { owner: n.owner, payer: f.payer, config: place("config", n.key, le(count + 1n, 8)), previous: count > 0n ? newest(f, n).address : undefined },
    args: { ...args, parameters_hash: toBytes(keccak("0x02")), rules_hash: toBytes(keccak("0x03")) }, rest: members.map((o) => o.address),
  };
}
