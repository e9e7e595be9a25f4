// Rules of the model: networks, their owners, operators and sets.
import { toHex } from "viem";
import { le } from "../rig.mjs";
import { need, later, place, hashOf, TOLERANCE, NONE, ZERO, U64 } from "./basics.mjs";
import { periodEnd, slot } from "./rules-reports.mjs";

const Q96 = 1n << 96n;
const be = (value, size) => Buffer.from(le(value, size)).reverse();
const tag = (name) => Buffer.from(`\x19DePIN ${name} v1`, "latin1");
const KIND = Buffer.from([1]);
const noRoot = () => ({ root: ZERO, epoch: 0n, leaf_count: 0, cumulative_total: 0n });

export const settlement = {
  initialize({ a, args: { parameters: p }, now }) {
    need(p.owner !== NONE && p.arbiter !== NONE && p.chain !== ZERO, "a key is zero");
    need(p.genesis > 0n && p.epoch_length > 0n && p.challenge_window > 0n && p.challenge_bond > 0n && p.min_bond > 0n, "zero");
    need(p.reporter_bps <= 500 && p.emission_decay < Q96 && p.breaker_window > 0n && p.breaker_window < 1n << 32n, "bounds");
    need(p.breaker_min_capacity > 0n && p.breaker_capacity >= p.breaker_min_capacity && p.breaker_capacity <= p.breaker_max_capacity, "capacity");
    const mint = this.mints.get(a.mint);
    need(mint?.usable && mint.authority === a.mint_authority, "mint");
    need(p.emission_base * Q96 < (U64 - mint.supply + 1n) * (Q96 - p.emission_decay), "the emission of all time does not fit");
    const key = a.network;
    const { breaker_capacity, breaker_min_capacity, breaker_max_capacity, breaker_window, ...rest } = p;
    this.make(key, place("network", a.mint), "Network", {
      decimals: mint.decimals, mint: a.mint, token_program: a.token_program, ledger: a.ledger, distributor: a.distributor, vault: a.vault, bonds: a.bonds, pending_owner: NONE, ...rest,
    });
    const report = () => ({ epoch: 0n, digest: ZERO, rewards_root: ZERO, cumulative_total: 0n, leaf_count: 0, claimable_at: 0n, status: 0, cancellations: 0 });
    this.make(a.ledger, place("ledger", key), "Ledger", {
      network: key, last_epoch: 0n, next_final: 1n, generation: 0n, last_accepted_at: 0n, last_cancelled_at: 0n, payout_count: 0, config_count: 0n, scheduled: 0, schedule: [],
      reports: Array.from({ length: 16 }, report),
    });
    this.make(a.distributor, place("distributor", key), "Distributor", {
      network: key, domain: hashOf(tag("reward"), KIND, p.chain, a.distributor, a.mint), current: noRoot(), previous: noRoot(), total_claimed: 0n, level: 0n, updated_at: now,
      capacity: breaker_capacity, min_capacity: breaker_min_capacity, max_capacity: breaker_max_capacity, window: breaker_window,
    });
    for (const name of ["vault", "bonds"]) {
      need(a[name] === place(name, key) && !this.tokens.has(a[name]), `${name} is not at its address`);
      this.tokens.set(a[name], { mint: a.mint, owner: key, amount: 0n, clean: true });
    }
    mint.authority = key;
    mint.usable = false;
    this.books.set(key, { initial: mint.supply, minted: 0n, paid: 0n, burnt: 0n, budget: 0n, gifts: { vault: 0n, bonds: 0n } });
  },

  propose_owner({ a, args }, n) {
    need(a.owner === n.owner, "not the owner");
    n.pending_owner = args.pending;
  },

  accept_owner({ a }, n) {
    need(a.pending === n.pending_owner, "not the successor");
    [n.owner, n.pending_owner] = [a.pending, NONE];
  },

  register_operator(c, n) {
    const { a, args, key } = c;
    need(!/^0x0*$/.test(args.report_key) && args.protocol_key !== ZERO, "a key is zero");
    need(args.bond >= n.min_bond, "bond too low");
    this.make(a.operator, place("operator", key, args.report_key), "Operator", {
      network: key, account: a.account, report_key: args.report_key, protocol_key: args.protocol_key, bond: args.bond, last_config: 0n, exit_at: 0n, slashed: false, ...endpointOf(args.endpoint),
    });
    this.make(a.used_key, place("protocol-key", key, args.protocol_key), "UsedKey", { network: key, operator: a.operator });
    this.move(a.source, n.bonds, a.account, args.bond);
  },

  own(c) {
    const operator = this.get(c.a.operator, "Operator", c.key);
    need(operator.account === c.a.account, "another's operator");
    return operator;
  },

  add_bond(c, n) {
    const operator = this.own(c);
    need(!operator.slashed && operator.exit_at === 0n, "slashed or leaving");
    this.move(c.a.source, n.bonds, c.a.account, c.args.amount);
    operator.bond += c.args.amount;
  },

  set_endpoint(c) {
    Object.assign(this.own(c), endpointOf(c.args.endpoint));
  },

  request_exit(c, n) {
    const operator = this.own(c);
    need(!operator.slashed && operator.exit_at === 0n, "slashed or leaving");
    if (operator.last_config !== 0n) {
      const config = this.get(c.a.config, "Config", c.key);
      need(config.count === operator.last_config && config.last_epoch < c.ledger.next_final, "it can sign still");
    }
    operator.exit_at = later(c.now, later(n.bond_thaw, TOLERANCE));
  },

  withdraw_bond(c, n) {
    const operator = this.own(c);
    need(!operator.slashed && operator.exit_at !== 0n && c.now >= operator.exit_at, "locked");
    const amount = operator.bond;
    operator.bond = 0n;
    this.pay(c, n.bonds, c.a.to, amount);
  },

  schedule_config(c, n) {
    const newest = c.ledger.schedule.at(-1)?.first_epoch;
    const current = c.now < n.genesis ? 0n : (c.now - n.genesis) / n.epoch_length + 1n;
    need(c.args.first_epoch >= 1n && (newest === undefined || (c.args.first_epoch > current && c.args.first_epoch > newest)), "the epoch has started");
    this.install(c, n, c.args.first_epoch, c.args.first_epoch - 1n);
  },

  recover(c, n) {
    const epoch = c.ledger.last_epoch + 1n;
    const since = [periodEnd(n, epoch), c.ledger.last_accepted_at, c.ledger.last_cancelled_at].reduce((x, y) => (x > y ? x : y));
    const report = c.ledger.reports[slot(epoch)];
    need((report.epoch === epoch && report.cancellations >= 2) || c.now >= later(since, n.recovery_silence), "neither silence nor two cancellations");
    this.install(c, n, epoch, epoch);
  },

  install({ a, args, key, ledger, rest }, n, first, last) {
    need(a.owner === n.owner, "not the owner");
    need(rest.length >= 4 && rest.length <= 31 && rest.length % 3 === 1, "size of the set");
    if (ledger.config_count > 0n) {
      need(a.previous === place("config", key, le(ledger.config_count, 8)), "not the newest config");
      this.get(a.previous, "Config", key).last_epoch = last;
    }
    const count = ledger.config_count + 1n;
    const members = rest.map((address) => {
      const operator = this.get(address, "Operator", key);
      need(!operator.slashed && operator.exit_at === 0n, "slashed or leaving");
      operator.last_config = count;
      return { report_key: operator.report_key, protocol_key: operator.protocol_key };
    });
    need(members.every((m, i) => i === 0 || m.report_key > members[i - 1].report_key), "not ascending");
    const [size, q] = [members.length, (2 * (members.length - 1)) / 3 + 1];
    const { parameters_hash, rules_hash } = args;
    const digest = hashOf(tag("config"), KIND, n.chain, n.ledger, n.distributor, n.mint, be(count, 8), be(first, 8), Buffer.from([size, q]),
      ...members.flatMap((m) => [m.report_key, m.protocol_key]), parameters_hash, rules_hash);
    this.make(a.config, place("config", key, le(count, 8)), "Config", { network: key, count, first_epoch: first, last_epoch: U64, digest, parameters_hash, rules_hash, n: size, q, members });
    const entries = ledger.schedule.filter((s) => s.first_epoch < first);
    while (entries.length > 1 && entries[1].first_epoch <= ledger.next_final) entries.shift();
    need(entries.length < 8, "too many sets wait");
    ledger.schedule = [...entries, { count, first_epoch: first }];
    ledger.scheduled = ledger.schedule.length;
    ledger.config_count = count;
  },
};

function endpointOf(text) {
  const bytes = Buffer.from(text);
  need(bytes.length <= 128, "too long");
  return { endpoint_length: bytes.length, endpoint: toHex(Buffer.concat([bytes, Buffer.alloc(128 - bytes.length)])) };
}
