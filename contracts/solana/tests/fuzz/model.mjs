// What the program has to do, told a second time: state that follows from accepted instructions alone, and never from an account of the
// program's. An instruction that the program accepts and these rules refuse is a fault of one of the two, and so is an account that differs.
import assert from "node:assert/strict";
import { toHex } from "viem";
import { coder, idl, plain, web3, PROGRAM, TOKEN, SYSTEM } from "../rig.mjs";
import { Refusal, need, place } from "./basics.mjs";
import { text, read as readAccount, isOwnedBy } from "./wire.mjs";
import { settlement } from "./rules-settlement.mjs";
import { reports } from "./rules-reports.mjs";
import { payments } from "./rules-payments.mjs";
import { devices } from "./rules-devices.mjs";
import { staking } from "./rules-staking.mjs";

const FIXED = { program: PROGRAM.toBase58(), system_program: SYSTEM.toBase58(), token_program: TOKEN.toBase58() };
const definitions = new Map(idl.instructions.map((i) => [i.name, i]));

/** A map over another, whose values it copies before somebody changes them. */
class Layer {
  own = new Map();

  constructor(below) {
    this.below = below;
  }

  has(key) { return this.own.has(key) ? this.own.get(key) !== undefined : this.below.has(key); }
  set(key, value) { this.own.set(key, value); }
  delete(key) { this.own.set(key, undefined); }

  get(key) {
    if (!this.own.has(key)) this.own.set(key, structuredClone(this.below.get(key)));
    return this.own.get(key);
  }
}

export class Model {
  /** The program's accounts by address: { type, ...fields as the IDL names them }. */
  accounts = new Map();
  /** Token accounts: { mint, owner, amount, clean }. */
  tokens = new Map();
  /** Mints: { supply, authority, usable }. */
  mints = new Map();
  /** By network: what was minted, paid, burnt, and sent to its own token accounts by who need not. */
  books = new Map();
  /** Who really signed: `digest signature` to the key (x · y, or 32 bytes) and address; by nobody else can a signature be. */
  signed;

  constructor(signed) {
    this.signed = signed;
  }

  /** The same state, of which changes stay in the copy. */
  copy() {
    const other = new Model(this.signed);
    for (const name of ["accounts", "tokens", "mints", "books"]) other[name] = new Layer(this[name]);
    return other;
  }

  /** An account of that kind, of that network. */
  get(address, type, network = undefined) {
    const found = this.accounts.get(address);
    need(found?.type === type, `${address} is no ${type}`);
    need(network === undefined || found.network === network, `${address} is of another network`);
    return found;
  }

  all(type, network) {
    return [...this.accounts].filter(([, v]) => v.type === type && (!network || v.network === network)).map(([address, v]) => ({ address, ...v }));
  }

  make(address, expected, type, fields) {
    need(address === expected, `${type} is not at its address`);
    need(!this.accounts.has(address) && !this.tokens.has(address), `${type} exists`);
    const value = { type, ...fields };
    this.accounts.set(address, value);
    return value;
  }

  signer(digest, signature) {
    return this.signed.get(`${digest} ${signature}`);
  }

  /** A whole transaction that was accepted: `instructions` are web3's. */
  apply(instructions, signers, now) {
    const closed = [];
    for (const [at, ix] of instructions.entries()) {
      if (!ix.programId.equals(PROGRAM)) continue;
      const c = this.read(ix, signers, now, instructions[at - 1]);
      c.closed = closed;
      this[c.name](c, c.network);
    }
    return closed;
  }

  /** Name and arguments, where the data is them and nothing else. */
  decode(data) {
    try {
      const decoded = coder.instruction.decode(data);
      need(decoded && coder.instruction.encode(decoded.name, decoded.data).equals(data), "data is not what it says");
      return { name: decoded.name, args: plain(decoded.data) };
    } catch (e) {
      throw e instanceof Refusal ? e : new Refusal(`data: ${e.message}`);
    }
  }

  read(ix, signers, now, before) {
    const { name, args } = this.decode(ix.data);
    const definition = definitions.get(name);
    const a = Object.fromEntries(definition.accounts.map((one, i) => [one.name, ix.keys[i] && text(ix.keys[i].pubkey)]));
    const rest = ix.keys.slice(definition.accounts.length).map((k) => text(k.pubkey));
    const c = { name, args, a, rest, now, before, isSigned: (address) => signers.has(address) };
    for (const one of definition.accounts) {
      if (FIXED[one.name]) need(a[one.name] === FIXED[one.name], `${one.name} is another`);
      if (one.signer && !one.optional) need(c.isSigned(a[one.name]), `${one.name} did not sign`);
    }
    if (a.network !== undefined && c.name !== "initialize") {
      const n = this.get(a.network, "Network");
      for (const name of ["ledger", "distributor", "vault", "bonds", "mint"]) need(!(name in a) || a[name] === n[name], `${name} is another network's`);
      c.network = n;
      c.key = a.network;
      c.ledger = this.accounts.get(n.ledger);
      c.distributor = this.accounts.get(n.distributor);
      c.books = this.books.get(a.network);
      if ("registry" in a && c.name !== "open_registry") c.registry = this.get(a.registry, "DeviceRegistry", c.key);
    }
    return c;
  }

  /** Moves tokens that `authority` signed for. */
  move(from, to, authority, amount) {
    const [source, target] = [this.tokens.get(from), this.tokens.get(to)];
    need(source && target && source.mint === target.mint && source.owner === authority && !source.frozen && !target.frozen, "no such transfer");
    need(source.amount >= amount, "not so many tokens");
    source.amount -= amount;
    target.amount += amount;
  }

  /** The network pays: what somebody has sent to the network's own accounts stays there, nobody's. */
  pay(c, from, to, amount) {
    this.move(from, to, c.key, amount);
    for (const own of ["vault", "bonds"]) if (to === c.network[own]) c.books.gifts[own] += amount;
  }

  burn(c, amount) {
    this.tokens.get(c.network.bonds).amount -= amount;
    this.mints.get(c.network.mint).supply -= amount;
    c.books.burnt += amount;
  }

  /** What must hold of money and shares, whatever happened. */
  check(key) {
    const [n, books] = [this.accounts.get(key), this.books.get(key)];
    const distributor = this.accounts.get(n.distributor);
    const sum = (list) => list.reduce((total, v) => total + v, 0n);
    const mine = [...this.accounts.values()].filter((v) => v.network === key);
    const of = (type) => mine.filter((v) => v.type === type);
    const pools = of("Pool");
    assert.equal(this.tokens.get(n.vault).amount, books.minted - books.paid + books.gifts.vault, "the vault holds what was minted and not paid");
    const bonds = sum(of("Operator").map((o) => o.bond)) + BigInt(of("Challenge").length) * n.challenge_bond + sum(pools.map((p) => p.tokens + p.thawing_tokens));
    assert.equal(this.tokens.get(n.bonds).amount, bonds + books.gifts.bonds, "bonds, challenges and stakes lie in one account");
    assert.equal(this.mints.get(n.mint).supply, books.initial + books.minted - books.burnt, "supply grows by emission alone");
    assert.equal(sum([...this.tokens.values()].filter((t) => t.mint === n.mint).map((t) => t.amount)), this.mints.get(n.mint).supply, "every token is somewhere");
    assert.equal(sum(of("Page").flatMap((p) => [...p.claimed.values()])), books.paid, "pages hold what was paid");
    assert.ok(books.paid <= distributor.current.cumulative_total && books.paid === distributor.total_claimed, "no more is paid than the tree holds");
    assert.ok(books.minted <= books.budget, "no more is minted than the schedule allows");
    for (const maker of of("DeviceMaker")) assert.ok(maker.issued <= maker.most, "a maker stays within its quota");
    const ids = of("Device").map((d) => d.device_id).concat(of("Device").filter((d) => d.ready_at !== 0n).map((d) => d.pending_device_id));
    assert.equal(new Set(ids).size, ids.length, "a key has one device");
    for (const pool of pools) {
      const here = of("Position").filter((p) => p.pool === place("pool", key, pool.provider));
      const live = here.filter((p) => p.generation === pool.generation);
      assert.equal(sum(live.map((p) => p.shares)), pool.shares, "positions hold the pool's shares");
      assert.equal(sum(live.filter((p) => p.staker === pool.provider).map((p) => p.shares)), pool.self_shares, "the provider's own shares");
      assert.equal(sum(here.flatMap((p) => p.thaws).filter((t) => t.ready_at !== 0n && t.generation === pool.generation).map((t) => t.shares)), pool.thawing_shares, "thaws hold the thawing pool");
      const worth = (shares) => (shares * (pool.tokens + 1n)) / (pool.shares + 1_000n);
      assert.ok(sum(live.map((p) => worth(p.shares))) <= pool.tokens, "stakers together cannot take more than the pool holds");
    }
  }

  /** That these accounts are on the chain what they are here; `foreign` ones have bytes that must not change. */
  compare(world, addresses, foreign) {
    for (const address of addresses) {
      const account = readAccount(world, address);
      const data = account?.data ?? Buffer.alloc(0);
      const mine = this.accounts.get(address);
      if (mine) {
        assert.ok(account && isOwnedBy(account, PROGRAM), `${mine.type} ${address} is the program's`);
        assert.deepEqual(read(mine.type, data), settled(mine), `${mine.type} ${address}`);
      } else if (this.tokens.has(address)) {
        const token = this.tokens.get(address);
        const found = { mint: new web3.PublicKey(data.subarray(0, 32)).toBase58(), owner: new web3.PublicKey(data.subarray(32, 64)).toBase58(), amount: data.readBigUInt64LE(64) };
        assert.deepEqual(found, { mint: token.mint, owner: token.owner, amount: token.amount }, `token account ${address}`);
      } else if (this.mints.has(address)) {
        const mint = this.mints.get(address);
        assert.deepEqual([data.readBigUInt64LE(36), new web3.PublicKey(data.subarray(4, 36)).toBase58()], [mint.supply, mint.authority], `mint ${address}`);
      } else if (foreign.has(address)) {
        assert.ok(data.equals(foreign.get(address)), `${address} is none of the program's and changed`);
      } else if (account && !account.executable && !address.startsWith("Sysvar")) {
        assert.ok(data.length === 0 && isOwnedBy(account, SYSTEM), `${address} came into being and should not`);
      }
    }
  }
}

/** An account's bytes as the model has it. */
function read(type, data) {
  if (type === "Page") {
    const claimed = new Map();
    for (let i = 0; i < 1024; i++) if (data.readBigUInt64LE(44 + 8 * i) > 0n) claimed.set(i, data.readBigUInt64LE(44 + 8 * i));
    return { type, network: new web3.PublicKey(data.subarray(8, 40)).toBase58(), number: data.readUInt32LE(40), claimed };
  }
  const value = { type, ...plain(coder.accounts.decode(type, data)) };
  if (type === "Buffer") value.bytes = toHex(data.subarray(data.length - value.length));
  if (type === "Network") delete value.bump;
  if (type === "Ledger") value.schedule = value.schedule.slice(0, value.scheduled);
  if (type === "Config") value.members = value.members.slice(0, value.n);
  return value;
}

/** What the model knows beyond the account. */
function settled({ most, ...value }) {
  return value;
}

Object.assign(Model.prototype, settlement, reports, payments, devices, staking);
for (const name of definitions.keys()) assert.ok(Model.prototype[name], `no rule for ${name}`);
