// A network in LiteSVM for tests: accounts, transactions through the IDL, operators' signatures, reward trees.
import nodeTest from "node:test";
import { createRequire } from "node:module";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import assert from "node:assert/strict";
import { secp256k1 } from "@noble/curves/secp256k1";
import { keccak256, concat, numberToHex, pad, toBytes, toHex } from "viem";

const require = createRequire(import.meta.url);
const anchor = require("@coral-xyz/anchor");
const web3 = require("@solana/web3.js");
const { LiteSVM, Clock, FailedTransactionMetadata } = require("litesvm");
const { getTransactionDecoder } = require("@solana/kit");

const here = path.dirname(fileURLToPath(import.meta.url));
export const root = path.join(here, "../../..");
export const idl = JSON.parse(fs.readFileSync(path.join(here, "../idl/depin.json"), "utf8"));
export const program = process.env.DEPIN_SOLANA_PROGRAM ?? path.join(here, "../artifacts/depin.so");
export const vectors = (name) => JSON.parse(fs.readFileSync(path.join(root, `contracts/vectors/${name}.json`), "utf8"));
export { anchor, web3, LiteSVM };

// scripts/solana-mutants runs the tests many times in one process, against one program after another, without signing.
const mutants = globalThis.depinMutants;
export const test = mutants ? (title, body) => mutants.tests.push({ title, body }) : nodeTest;

export const PROGRAM = new web3.PublicKey(idl.address);
export const TOKEN = new web3.PublicKey("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA");
export const TOKEN_2022 = new web3.PublicKey("TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb");
/** Every test runs on either token program: DEPIN_SOLANA_TOKEN=token-2022 takes the other one. */
export const DEFAULT_TOKEN = process.env.DEPIN_SOLANA_TOKEN === "token-2022" ? TOKEN_2022 : TOKEN;
export const SYSTEM = web3.SystemProgram.programId;
export const coder = new anchor.BorshCoder(idl);
const BN = anchor.BN;
/** What the data of an event by call begins with, in Anchor's clients too. */
export const EVENT_TAG = Buffer.from("e445a52e51cb9a1d", "hex");
export const TOLERANCE = 60n;
export const NOBODY = web3.PublicKey.default;

/** Keys that are the same in every run. */
export const key = (label) => web3.Keypair.fromSeed(toBytes(keccak256(toHex(`depin solana test ${label}`))));
export const bytes = (hex) => [...toBytes(hex)];
export const hash = (label) => toBytes(keccak256(toHex(label)));

const le = (value, size) => {
  const out = Buffer.alloc(size);
  for (let i = 0, v = BigInt(value); i < size; i++, v >>= 8n) out[i] = Number(v & 255n);
  return out;
};
export { le };

export const pda = (...seeds) => web3.PublicKey.findProgramAddressSync(
  seeds.map((s) => (typeof s === "string" ? Buffer.from(s) : s instanceof web3.PublicKey ? s.toBuffer() : Buffer.from(s))), PROGRAM)[0];

/** Plain values to those that Anchor's coder takes. */
export function borsh(value) {
  if (Buffer.isBuffer(value)) return value;
  if (typeof value === "bigint") return new BN(value.toString());
  if (value instanceof Uint8Array) return [...value];
  if (Array.isArray(value)) return value.map(borsh);
  if (value instanceof web3.PublicKey || value === null || typeof value !== "object" || BN.isBN(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, borsh(v)]));
}

/** The way back, for comparing. */
export function plain(value) {
  if (BN.isBN(value)) return BigInt(value.toString());
  if (value instanceof web3.PublicKey) return value.toBase58();
  if (Buffer.isBuffer(value) || value instanceof Uint8Array) return toHex(Uint8Array.from(value));
  if (Array.isArray(value)) return value.length > 0 && value.every((v) => typeof v === "number") ? toHex(Uint8Array.from(value)) : value.map(plain);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, plain(v)]));
}

export class World {
  constructor(now = 1_700_000_000n, { sigverify = !mutants } = {}) {
    this.sigverify = sigverify;
    /** Every event that was ever logged, as the runtime shows it. */
    this.lines = [];
    this.svm = new LiteSVM().withSigverify(sigverify).withTransactionHistory(0n).withLogBytesLimit(undefined);
    this.svm.addProgram(PROGRAM.toBase58(), mutants?.program ?? fs.readFileSync(program));
    this.payer = key("payer");
    this.fund(this.payer.publicKey);
    this.setTime(now);
  }

  fund(address, lamports = 1_000_000_000_000n) {
    this.svm.airdrop(address.toBase58(), lamports);
  }

  get now() {
    return this.svm.getClock().unixTimestamp;
  }

  setTime(unix) {
    const c = this.svm.getClock();
    this.svm.setClock(new Clock(c.slot, c.epochStartTimestamp, c.epoch, c.leaderScheduleEpoch, BigInt(unix)));
  }

  pass(seconds) {
    this.setTime(this.now + BigInt(seconds));
  }

  /** Puts bytes at an address, as nobody could on a cluster. */
  put(address, data, owner = PROGRAM, lamports = undefined) {
    const space = BigInt(data.length);
    this.svm.setAccount({
      address: address.toBase58(), data: Uint8Array.from(data), executable: false, space, programAddress: owner.toBase58(),
      lamports: lamports ?? this.svm.minimumBalanceForRentExemption(space),
    });
  }

  read(address) {
    const account = this.svm.getAccount(address.toBase58());
    return account.exists ? account : null;
  }

  data(address) {
    return Buffer.from(this.read(address)?.data ?? []);
  }

  fetch(type, address) {
    return plain(coder.accounts.decode(type, this.data(address)));
  }

  /** Changes fields of a state account, as nobody could on a cluster. */
  async tamper(type, address, change) {
    const value = coder.accounts.decode(type, this.data(address));
    change(value);
    const data = await encodeAccount(type, value);
    this.put(address, data);
  }

  /** A mint of SPL Token or, with `owner`, of Token-2022: then with a pointer to its metadata, which is an extension that any network takes. */
  mint(authority, { decimals = 9, supply = 0n, freeze = null, label = "mint", owner = DEFAULT_TOKEN, extensions = owner.equals(TOKEN_2022) ? [[18, Buffer.alloc(64)]] : [] } = {}) {
    const address = key(label).publicKey;
    const some = (k) => (k === null ? Buffer.alloc(36) : Buffer.concat([le(1, 4), k.toBuffer()]));
    this.put(address, extended(1, Buffer.concat([some(authority), le(supply, 8), Buffer.from([decimals, 1]), some(freeze)]), extensions), owner);
    return address;
  }

  /** A token account: of Token-2022 as the associated token program makes one, its owner for ever. */
  token(label, mint, owner, amount = 0n, { delegate = null, close = null, program: tokenProgram = this.tokenProgramOf(mint), state = 1, extensions = tokenProgram.equals(TOKEN_2022) ? [[7, []]] : [] } = {}) {
    const address = key(label).publicKey;
    const some = (k) => (k === null ? Buffer.alloc(36) : Buffer.concat([le(1, 4), k.toBuffer()]));
    this.put(address, extended(2, Buffer.concat([
      mint.toBuffer(), owner.toBuffer(), le(amount, 8), some(delegate), Buffer.from([state]), Buffer.alloc(12), le(delegate ? 1 : 0, 8), some(close),
    ]), extensions), tokenProgram);
    // Token-2022 burns no more than there is.
    if (amount > 0n && tokenProgram.equals(TOKEN_2022) && this.read(mint)) this.put(mint, Buffer.from(this.data(mint)).fill(le(this.supply(mint) + amount, 8), 36, 44), TOKEN_2022);
    return address;
  }

  tokenProgramOf(mint) {
    return TOKEN_2022.equals(new web3.PublicKey(this.read(mint).programAddress)) ? TOKEN_2022 : TOKEN;
  }

  balance(address) {
    return this.data(address).readBigUInt64LE(64);
  }

  supply(mint) {
    return this.data(mint).readBigUInt64LE(36);
  }

  instruction(name, accounts, args = {}, remaining = []) {
    const definition = idl.instructions.find((i) => i.name === name);
    const keys = definition.accounts.map((a) => {
      const found = { program: PROGRAM, system_program: SYSTEM, token_program: TOKEN, instructions: web3.SYSVAR_INSTRUCTIONS_PUBKEY, ...accounts }[a.name];
      const pubkey = found ?? (a.optional ? PROGRAM : undefined);
      assert.ok(pubkey, `${name} wants account ${a.name}`);
      return { pubkey, isSigner: !!a.signer && (!!found || !a.optional), isWritable: !!a.writable && (!!found || !a.optional) };
    });
    return new web3.TransactionInstruction({ programId: PROGRAM, keys: [...keys, ...remaining], data: coder.instruction.encode(name, borsh(args)) });
  }

  /** Sends; what comes back is { ok, error, units, logs, events, size }. */
  send(instructions, signers = [], { payer = this.payer, units = 1_400_000, tables = [], bare = false } = {}) {
    if (tables.length > 0) return this.sendWithTables([instructions].flat(), signers, payer, units, tables);
    const tx = new web3.Transaction();
    tx.feePayer = payer.publicKey;
    tx.recentBlockhash = this.svm.latestBlockhash();
    if (!bare) tx.add(web3.ComputeBudgetProgram.setComputeUnitLimit({ units }));
    for (const instruction of [instructions].flat()) tx.add(instruction);
    const message = tx.compileMessage();
    const needed = message.accountKeys.slice(0, message.header.numRequiredSignatures).map(String);
    let raw;
    if (this.sigverify) {
      tx.sign(payer, ...signers.filter((s) => s.publicKey.toBase58() !== payer.publicKey.toBase58() && needed.includes(s.publicKey.toBase58())));
      raw = tx.serialize({ requireAllSignatures: false, verifySignatures: false });
    } else {
      raw = Buffer.concat([Buffer.from([needed.length]), Buffer.alloc(64 * needed.length), message.serialize()]);
    }
    return this.outcome(raw);
  }

  /** A version 0 transaction whose accounts come from a lookup table of `tables`. */
  sendWithTables(instructions, signers, payer, units, tables) {
    const address = key(`lookup table ${tables.join()}`).publicKey;
    const header = Buffer.concat([le(1, 4), le((1n << 64n) - 1n, 8), le(0, 8), Buffer.from([0, 0]), Buffer.alloc(34)]);
    this.put(address, Buffer.concat([header, ...tables.map((t) => t.toBuffer())]), web3.AddressLookupTableProgram.programId);
    const table = new web3.AddressLookupTableAccount({ key: address, state: { deactivationSlot: (1n << 64n) - 1n, lastExtendedSlot: 0, lastExtendedSlotStartIndex: 0, addresses: tables } });
    const message = new web3.TransactionMessage({
      payerKey: payer.publicKey, recentBlockhash: this.svm.latestBlockhash(), instructions: [web3.ComputeBudgetProgram.setComputeUnitLimit({ units }), ...instructions],
    }).compileToV0Message([table]);
    const tx = new web3.VersionedTransaction(message);
    const needed = message.staticAccountKeys.slice(0, message.header.numRequiredSignatures).map(String);
    tx.sign([payer, ...signers].filter((s, i, all) => needed.includes(s.publicKey.toBase58()) && all.findIndex((o) => o.publicKey.equals(s.publicKey)) === i));
    return this.outcome(Buffer.from(tx.serialize()));
  }

  outcome(raw) {
    const result = this.svm.sendTransaction(getTransactionDecoder().decode(raw));
    const failed = result instanceof FailedTransactionMetadata;
    const meta = failed ? result.meta() : result;
    const logs = meta.logs();
    const calls = failed ? [] : eventCalls(meta, raw);
    const number = logs.map((l) => /Error Number: (\d+)/.exec(l)?.[1]).find(Boolean);
    if (!failed) this.lines.push(...logs.filter((l) => l.startsWith("Program data: ")).map((l) => l.slice(14)));
    // What stands in the log stands in calls by the program to itself, in the same order: LiteSVM does not cut logs here.
    if (!failed) assert.deepEqual(calls, logs.filter((l) => l.startsWith("Program data: ")).map((l) => l.slice(14)));
    const own = logs.map((l) => new RegExp(`^Program ${idl.address} consumed (\\d+) of`).exec(l)?.[1]).filter(Boolean).map(Number);
    return {
      ok: !failed,
      error: failed ? (idl.errors.find((e) => e.code === Number(number))?.name ?? String(result.err())) : null,
      units: own.at(-1),
      logs,
      size: raw.length,
      events: logs.filter((l) => l.startsWith("Program data: ")).map((l) => coder.events.decode(l.slice(14))).map((e) => ({ name: e.name, ...plain(e.data) })),
    };
  }
}

/** Events that the program wrote by calling itself: base64 of discriminator and fields. */
function eventCalls(meta, raw) {
  const { message } = web3.VersionedTransaction.deserialize(raw);
  const program = message.staticAccountKeys.findIndex((k) => k.equals(PROGRAM));
  return meta.innerInstructions().flat().map((i) => i.instruction())
    .filter((i) => i.programIdIndex() === program && Buffer.from(i.data()).subarray(0, 8).equals(EVENT_TAG))
    .map((i) => Buffer.from(i.data()).subarray(8).toString("base64"));
}

/** Token-2022's layout: the base state, zeros up to a token account's length, the kind of account, and extensions as [type, value]. */
export function extended(kind, base, extensions) {
  if (extensions.length === 0) return base;
  return Buffer.concat([base, Buffer.alloc(165 - base.length), Buffer.from([kind]), ...extensions.map(([type, value]) => Buffer.concat([le(type, 2), le(value.length, 2), Buffer.from(value)]))]);
}

async function encodeAccount(type, value) {
  // Anchor's encoder has a buffer of 1,000 bytes: encode through the layout itself.
  const layout = coder.accounts.accountLayouts.get(type);
  const buffer = Buffer.alloc(16_384);
  const length = (layout.layout ?? layout).encode(value, buffer);
  const discriminator = idl.accounts.find((a) => a.name === type).discriminator;
  return Buffer.concat([Buffer.from(discriminator), buffer.subarray(0, length)]);
}

export const CHAIN = hash("a cluster");
export const defaults = {
  chain: CHAIN, genesis: 1_700_000_000n, epoch_length: 86_400n, challenge_window: 3_600n, challenge_extension: 7_200n, challenge_bond: 1_000n,
  min_bond: 5_000n, bond_thaw: 10_000n, recovery_silence: 259_200n, recipient_delay: 86_400n, reporter_bps: 500, emission_base: 1_000_000_000n,
  emission_decay: (1n << 96n) * 999n / 1000n, breaker_capacity: 10_000_000_000n, breaker_min_capacity: 1_000_000n, breaker_max_capacity: 100_000_000_000n,
  breaker_window: 86_400n,
};

/** Operators' report keys, ascending by address. */
export function operators(n, salt = "") {
  return Array.from({ length: n }, (_, i) => {
    const secret = hash(`operator ${salt}${i}`);
    const address = `0x${keccak256(secp256k1.getPublicKey(secret, false).slice(1)).slice(26)}`;
    return { secret, address, account: key(`operator account ${salt}${i}`), protocolKey: hash(`protocol ${salt}${i}`) };
  }).sort((a, b) => (a.address < b.address ? -1 : 1));
}

/** Compact EIP-2098. */
export function sign(digest, secret, { high = false } = {}) {
  const s = secp256k1.sign(toBytes(digest), secret, { lowS: true });
  let [sv, parity] = [s.s, s.recovery];
  if (high) [sv, parity] = [secp256k1.CURVE.n - sv, 1 - parity];
  const vs = sv | (BigInt(parity) << 255n);
  return { bytes: toBytes(concat([pad(numberToHex(s.r), { size: 32 }), pad(numberToHex(vs & ((1n << 256n) - 1n)), { size: 32 })])), r: s.r, s: sv, parity };
}

export const emission = (p, epoch) => {
  const one = 1n << 96n;
  let [power, square] = [one, p.emission_decay];
  for (let e = BigInt(epoch) - 1n; e > 0n; e >>= 1n) {
    if (e & 1n) power = (power * square) >> 96n;
    square = (square * square) >> 96n;
  }
  return (p.emission_base * power) >> 96n;
};

const h = (v) => (typeof v === "string" ? v : toHex(Uint8Array.from(v)));
export const ZERO = `0x${"00".repeat(32)}`;

/** The positional tree of docs/protocol.md over [{account, cumulative, itemsHash}]. */
export class Tree {
  constructor(domain, entries) {
    this.domain = domain;
    this.leaves = [];
    let prefix = 0n;
    for (const [index, e] of entries.entries()) {
      this.leaves.push({ index, account: h(e.account), cumulative: e.cumulative, prefix: e.prefix ?? prefix, itemsHash: e.itemsHash ?? ZERO });
      prefix += e.cumulative;
    }
    this.total = prefix;
    let level = this.leaves.map((l) => leafHash(domain, l));
    let width = 1;
    while (width < level.length) width *= 2;
    while (level.length < width) level.push(ZERO);
    this.levels = [level];
    while (level.length > 1) {
      level = Array.from({ length: level.length / 2 }, (_, i) => keccak256(concat([level[2 * i], level[2 * i + 1]])));
      this.levels.push(level);
    }
    this.root = this.leaves.length === 0 ? ZERO : level[0];
  }

  proof(index) {
    return this.levels.slice(0, -1).map((level, d) => toBytes(level[(index >> d) ^ 1]));
  }
}

export const leafHash = (domain, l) => keccak256(keccak256(concat([
  h(domain), pad(numberToHex(l.index), { size: 4 }), h(l.account), pad(numberToHex(l.cumulative), { size: 16 }), pad(numberToHex(l.prefix), { size: 16 }), h(l.itemsHash),
])));

export function reportBytes(r) {
  const n = (v, size) => pad(numberToHex(v), { size });
  return concat([
    toHex("\x19DePIN report v1"), h(r.configDigest), n(r.generation, 8), n(r.epoch, 8), n(r.periodStart, 8), n(r.periodEnd, 8), n(r.anchorNumber ?? 7n, 8),
    r.anchorHash ?? ZERO, h(r.previousDigest), r.evidenceRoot ?? ZERO, r.stateRoot ?? ZERO, h(r.rewardsRoot), r.meteringRoot ?? ZERO, n(r.leafCount, 4),
    n(r.cumulativeTotal, 16), n(r.unallocated, 16), r.manifestHash ?? ZERO,
  ]);
}

/** A network with its owner, arbiter and parameters. */
export class Network {
  constructor(world, parameters = {}, { label = "", mintOptions = {}, makeMint = (made) => world.mint(made.authority, { label: made.label, ...mintOptions }) } = {}) {
    this.world = world;
    this.owner = key(`owner ${label}`);
    this.arbiter = key(`arbiter ${label}`);
    this.authority = key(`mint authority ${label}`);
    this.parameters = { ...defaults, owner: this.owner.publicKey, arbiter: this.arbiter.publicKey, ...parameters };
    this.mint = makeMint({ authority: this.authority.publicKey, label: `mint ${label}` });
    this.network = pda("network", this.mint);
    for (const name of ["ledger", "distributor", "vault", "bonds", "registry"]) this[name] = pda(name, this.network);
    this.accounts = { network: this.network, mint: this.mint, ledger: this.ledger, distributor: this.distributor, vault: this.vault, bonds: this.bonds, registry: this.registry, token_program: world.tokenProgramOf(this.mint) };
    for (const k of [this.owner, this.arbiter, this.authority]) world.fund(k.publicKey);
    this.members = [];
    this.paid = [];
    this.label = label;
  }

  call(name, accounts, args, signers, options = {}) {
    return this.world.send(this.world.instruction(name, { ...this.accounts, ...accounts }, args, options.remaining ?? []), signers, options);
  }

  initialize(accounts = {}, parameters = {}) {
    return this.call("initialize", { payer: this.world.payer.publicKey, mint_authority: this.authority.publicKey, ...accounts },
      { parameters: { ...this.parameters, ...parameters } }, [this.authority, this.world.payer]);
  }

  register(o, { bond = 5_000n, endpoint = "https://operator.example", ...accounts } = {}) {
    this.world.fund(o.account.publicKey);
    const source = this.world.token(`bond ${this.label}${o.address}`, this.mint, o.account.publicKey, 1_000_000n);
    o.source = source;
    o.operator = pda("operator", this.network, toBytes(o.address));
    return this.call("register_operator", { account: o.account.publicKey, operator: o.operator, used_key: pda("protocol-key", this.network, o.protocolKey), source, ...accounts },
      { report_key: toBytes(o.address), protocol_key: o.protocolKey, bond, endpoint }, [o.account]);
  }

  config(count) {
    return pda("config", this.network, le(count, 8));
  }

  set(name, members, args, accounts = {}, signers = [this.owner]) {
    const count = BigInt(this.world.fetch("Ledger", this.ledger).config_count);
    return this.call(name, { owner: this.owner.publicKey, payer: this.world.payer.publicKey, config: this.config(count + 1n), previous: count > 0n ? this.config(count) : undefined, ...accounts },
      args, signers, { remaining: members.map((o) => ({ pubkey: o.operator, isSigner: false, isWritable: true })), tables: members.length > 16 ? members.map((o) => o.operator) : [] });
  }

  schedule(members, firstEpoch = 1n, accounts = {}, signers = [this.owner]) {
    return this.set("schedule_config", members, { first_epoch: firstEpoch, parameters_hash: hash("parameters"), rules_hash: hash("rules") }, accounts, signers);
  }

  /** Brings a network up with a set of n operators in force from epoch 1 on, and accounts with payout indexes. */
  ready(n = 4, accounts = 0) {
    must(this.initialize());
    this.members = operators(n, this.label);
    for (const o of this.members) must(this.register(o));
    must(this.schedule(this.members));
    for (let i = 0; i < accounts; i++) this.addPayout(key(`paid ${this.label}${i}`));
    return this;
  }

  addPayout(account) {
    const index = this.paid.length;
    const entry = { account, index, payout: pda("payout", this.network, account.publicKey), page: pda("page", this.network, le(index >> 10, 4)) };
    entry.token = this.world.token(`paid token ${this.label}${index}`, this.mint, account.publicKey);
    this.world.fund(account.publicKey);
    must(this.call("open_payout", { payer: this.world.payer.publicKey, payout: entry.payout, page: entry.page }, { account: account.publicKey }, []));
    this.paid.push(entry);
    return entry;
  }

  get domain() {
    return this.world.fetch("Distributor", this.distributor).domain;
  }

  /** The honest report of the next epoch over `tree`, with any field changed by `change`. */
  report(tree, change = {}) {
    const ledger = this.world.fetch("Ledger", this.ledger);
    const epoch = change.epoch ?? ledger.last_epoch + 1n;
    const parent = ledger.reports[Number((epoch - 1n) % 16n)];
    const count = ledger.schedule.slice(0, ledger.scheduled).filter((s) => s.first_epoch <= epoch).at(-1)?.count ?? 1n;
    const start = this.parameters.genesis + (epoch - 1n) * this.parameters.epoch_length;
    const total = tree?.total ?? 0n;
    const r = {
      configDigest: this.world.fetch("Config", this.config(count)).digest, generation: ledger.generation, epoch, periodStart: start,
      periodEnd: start + this.parameters.epoch_length, previousDigest: parent.digest, rewardsRoot: tree?.root ?? ZERO, leafCount: tree?.leaves.length ?? 0,
      cumulativeTotal: total, unallocated: emission(this.parameters, epoch) - (total - parent.cumulative_total), ...change,
    };
    const raw = reportBytes(r);
    return { ...r, raw, digest: keccak256(raw), count };
  }

  /** Signatures of the first q members, or of those named. */
  signatures(report, who = undefined, members = this.members) {
    const q = Math.floor((2 * (members.length - 1)) / 3) + 1;
    const signers = who ?? members.slice(0, q).map((_, i) => i);
    return { bitmap: signers.reduce((b, i) => (b | (1 << i)) >>> 0, 0), signatures: signers.map((i) => sign(report.digest, members[i].secret).bytes) };
  }

  attest(report, signed = this.signatures(report), accounts = {}) {
    return this.call("attest", { config: this.config(report.count), ...accounts }, { report: toBytes(report.raw), ...signed }, []);
  }

  finalize(epoch, accounts = {}, remaining = []) {
    return this.call("finalize", accounts, { epoch: BigInt(epoch) }, [], { remaining });
  }

  /** Attests the next epoch over `tree` when its period is over, and makes it final when its window is. */
  settle(tree) {
    const r = this.report(tree);
    if (this.world.now < r.periodEnd) this.world.setTime(r.periodEnd);
    const attested = must(this.attest(r));
    this.world.pass(this.parameters.challenge_window + TOLERANCE);
    const finalized = must(this.finalize(r.epoch));
    return { report: r, attested, finalized };
  }

  /** A tree in which each payout account so far has earned `cumulatives[i]`. */
  tree(cumulatives) {
    return new Tree(this.domain, cumulatives.map((cumulative, i) => ({ account: this.paid[i].account.publicKey.toBytes(), cumulative, itemsHash: keccak256(toHex(`items ${i}`)) })));
  }

  claim(tree, index, sender = this.paid[index].account, accounts = {}, change = {}) {
    const entry = this.paid[index];
    const leaf = tree.leaves[index];
    return this.call("claim", { sender: sender.publicKey, page: entry.page, payout: entry.payout, to: entry.token, ...accounts },
      { root: toBytes(tree.root), leaf: leafArguments(leaf), proof: tree.proof(index), ...change }, [sender]);
  }

  claimMany(tree, indexes, sender, { to = {}, change = {} } = {}) {
    const remaining = indexes.flatMap((i) => [
      { pubkey: this.paid[i].page, isSigner: false, isWritable: true }, { pubkey: this.paid[i].payout, isSigner: false, isWritable: false },
      { pubkey: to[i] ?? this.paid[i].token, isSigner: false, isWritable: true },
    ]);
    return this.call("claim_many", { sender: sender.publicKey },
      { root: toBytes(tree.root), claims: indexes.map((i) => ({ leaf: leafArguments(tree.leaves[i]), proof: tree.proof(i), ...change[i] })) }, [sender], { remaining });
  }
}

export const leafArguments = (l) => ({ cumulative: l.cumulative, prefix: l.prefix, items_hash: toBytes(h(l.itemsHash)) });
export const placed = (tree, index) => ({
  index, account: new web3.PublicKey(toBytes(tree.leaves[index].account)), leaf: leafArguments(tree.leaves[index]), proof: tree.proof(index),
});

/** The outcome of something that must work. */
export function must(outcome) {
  assert.ok(outcome.ok, `${outcome.error}\n${outcome.logs.join("\n")}`);
  return outcome;
}

/** That something is refused, and why. */
export function refused(outcome, error) {
  assert.equal(outcome.ok ? "accepted" : outcome.error, error, outcome.logs.join("\n"));
}
