// Where the fuzzing happens: networks of one program in one world, the same people in several roles of each, and the model that judges.
import assert from "node:assert/strict";
import { toBytes, toHex, keccak256 } from "viem";
import { secp256k1 } from "@noble/curves/secp256k1";
import { World, key, operators, pda, hash, sign, web3, CHAIN, PROGRAM } from "../rig.mjs";
import { deviceKey } from "../devices.mjs";
import { random } from "./random.mjs";
import { pk, text, send, read } from "./wire.mjs";
import { Model } from "./model.mjs";
import { Refusal } from "./basics.mjs";

const START = 1_700_000_000n;
const PEOPLE = 10;
/** What no run may die of: the program refuses before it reads or writes where it may not. */
const DEATH = /access violation|panicked|exceeded CUs|failed to complete|aborted|stack|modified (data|lamports)|unbalanced|spent from the balance|changed the (size|executable|owner)/i;

/** Small periods and a narrow breaker, so that everything happens in a few hundred steps. */
const parameters = (i) => ({
  chain: CHAIN, genesis: START - 100n * BigInt(i), epoch_length: 1_000n + 100n * BigInt(i), challenge_window: 300n, challenge_extension: 500n, challenge_bond: 1_000n, min_bond: 40_000n,
  bond_thaw: 1_500n, recovery_silence: 5_000n, recipient_delay: 900n, reporter_bps: 500, emission_base: 1_000_000n, emission_decay: ((1n << 96n) * 99n) / 100n,
  breaker_capacity: 300_000n, breaker_min_capacity: 100_000n, breaker_max_capacity: 2_000_000n, breaker_window: 3_000n,
});

const once = (make) => {
  const made = new Map();
  return (...a) => made.get(a.join()) ?? made.set(a.join(), make(...a)).get(a.join());
};
export const keyOf = once(key);
export const deviceKeyOf = once(deviceKey);
const publicOf = once((hex) => toHex(secp256k1.getPublicKey(toBytes(hex), false).slice(1)));
export const addressOf = once((secret) => `0x${keccak256(publicOf(secret)).slice(26)}`);
const reportKeys = once(() => operators(24, "fuzz"));

export class Disagreement extends Error {}

export class Field {
  constructor(seed, signed = new Map()) {
    this.r = random(seed);
    this.world = new World(START + 10n, { sigverify: false }); // who signs is in the message; the signatures only cost time
    /** Signatures that were really made. */
    this.signed = signed;
    this.model = new Model(this.signed);
    this.ring = new Map([[this.world.payer.publicKey.toBase58(), this.world.payer]]);
    this.people = Array.from({ length: PEOPLE }, (_, i) => this.person(`person ${i}`));
    this.attacker = this.person("attacker");
    this.operators = reportKeys();
    this.approvers = ["one", "two"].map((l) => toHex(hash(`fuzz approver ${l}`)));
    /** Trees by root, batches by root, reports by digest: what stands behind the hashes. */
    Object.assign(this, { trees: new Map(), batches: new Map(), reports: new Map(), foreign: new Map(), lamports: new Map() });
    /** Values by length in bytes that mutations put in each other's place. */
    this.pool = new Map();
    this.purses = new Map();
    this.mints = [0, 1, 2, 3, 4, 5, 6, 7, 8].map((i) => this.mint(i));
    this.devices = 0;
    Object.assign(this, { records: [], history: [], accepted: {}, outcomes: {}, tried: 0 });
  }

  person(label) {
    const one = keyOf(`fuzz ${label}`);
    if (!this.ring.has(one.publicKey.toBase58())) this.world.fund(one.publicKey);
    this.ring.set(one.publicKey.toBase58(), one);
    return one;
  }

  /** A mint with its owner, arbiter and slasher. The last three are none that a network takes. */
  mint(i) {
    const authority = this.person(`mint authority ${i}`);
    const bad = { 6: { freeze: authority.publicKey }, 7: { decimals: 10 }, 8: { owner: web3.StakeProgram.programId } }[i] ?? {};
    const holders = i < 3 ? [...this.people, this.attacker] : [];
    const supply = 1_000_000n * BigInt(holders.length);
    const address = this.world.mint(authority.publicKey, { label: `fuzz mint ${i}`, supply, ...bad });
    const mint = address.toBase58();
    this.model.mints.set(mint, { supply, authority: text(authority.publicKey), usable: i < 6, decimals: bad.decimals ?? 9 });
    for (const [at, one] of holders.entries()) {
      this.purses.set(`${one.publicKey} ${mint}`, this.token(`${i} ${at}`, mint, one, 1_000_000n));
      if (at < 3) this.token(`dirty ${i} ${at}`, mint, one, 0n, [{ delegate: keyOf("nobody").publicKey }, { close: keyOf("nobody").publicKey }, { state: 2 }][at]);
    }
    const roles = ["owner", "arbiter", "slasher"].map((role) => this.person(`${role} ${i}`));
    const network = pda("network", address);
    const [owner, arbiter, slasher] = roles;
    return { i, mint, authority, network: network.toBase58(), owner, arbiter, slasher, parameters: { ...parameters(i), owner: owner.publicKey, arbiter: arbiter.publicKey } };
  }

  token(label, mint, owner, amount, dirt = undefined) {
    const address = this.world.token(`fuzz ${label}`, pk(mint), owner.publicKey, amount, dirt).toBase58();
    this.model.tokens.set(address, { mint, owner: owner.publicKey.toBase58(), amount, clean: !dirt, frozen: dirt?.state === 2 });
    return address;
  }

  /** An address as bytes and as arguments take it. */
  bytes(address) { return pk(address).toBytes(); }
  key(address) { return pk(address); }
  address(hex) { return new web3.PublicKey(toBytes(hex)).toBase58(); }
  get payer() { return this.world.payer.publicKey.toBase58(); }

  get now() {
    return this.world.now;
  }

  /** An address's clean token account, if it has one. */
  purse(owner, mint) {
    return this.purses.get(`${owner} ${mint}`) ?? [...this.model.tokens].find(([, t]) => t.owner === String(owner) && t.mint === mint && t.clean)?.[0];
  }

  note(...values) {
    for (const hex of values) {
      const list = this.pool.get(hex.length / 2 - 1) ?? [];
      list.push(hex);
      if (list.length > 40) list.shift();
      this.pool.set(hex.length / 2 - 1, list);
    }
  }

  /** The compact signature of a secp256k1 key, which the model then knows. */
  sign(digest, secret) {
    const hex = typeof secret === "string" ? secret : toHex(secret);
    const signature = toHex(sign(digest, toBytes(hex)).bytes);
    this.signed.set(`${digest} ${signature}`, { publicKey: publicOf(hex), address: addressOf(hex) });
    this.note(signature);
    return toBytes(signature);
  }

  /** An instruction by name; its accounts are addresses. */
  instruction(name, accounts, args = {}, rest = []) {
    const made = Object.fromEntries(Object.entries(accounts).filter(([, v]) => v !== undefined).map(([k, v]) => [k, typeof v === "string" ? pk(v) : v]));
    return this.world.instruction(name, made, args, rest.map((address) => ({ pubkey: pk(address), isSigner: false, isWritable: true })));
  }

  /** Sends a transaction { label, instructions, payer, honest, puts } and judges what became of it. */
  run(tx) {
    for (const [address, { data, owner }] of tx.puts ?? []) {
      this.world.put(pk(address), data, pk(owner));
      this.foreign.set(address, Buffer.from(data));
    }
    const outcome = send(this.world, tx.instructions, tx.payer.publicKey);
    if (!outcome) return null;
    this.tried++;
    this.outcomes[outcome.error ?? "accepted"] = (this.outcomes[outcome.error ?? "accepted"] ?? 0) + 1;
    const says = (what, error) => {
      throw new Disagreement(`${tx.label}: ${what}${error ? `: ${error.message}` : ""}\n${outcome.logs.join("\n")}`);
    };
    // The first that failed: a program that ours called may die of what it was given, and ours fails with it.
    const failure = outcome.logs.find((l) => / failed: /.test(l));
    if (failure && (failure.includes(text(PROGRAM)) || /exceeded CUs/.test(failure)) && DEATH.test(failure)) says("died");
    const signers = new Set([tx.payer.publicKey.toBase58(), ...tx.instructions.flatMap((ix) => ix.keys.filter((k) => k.isSigner).map((k) => text(k.pubkey)))]);
    if (outcome.ok) {
      let closed;
      try {
        closed = this.model.apply(tx.instructions, signers, this.now);
      } catch (error) {
        says(error instanceof Refusal ? "was accepted, but may not be" : "broke the model", error);
      }
      try {
        const touched = new Set(tx.instructions.flatMap((ix) => ix.keys.map((k) => text(k.pubkey))));
        this.model.compare(this.world, touched, this.foreign);
        assert.deepEqual(outcome.events, outcome.logs.filter((l) => l.startsWith("Program data: ")).map((l) => l.slice(14)), "events stand in the log and in calls");
        this.watchLamports(touched, signers, closed);
        for (const network of touched) if (this.model.books.has(network)) this.model.check(network);
      } catch (error) {
        says("did something else", error);
      }
      return outcome;
    }
    this.lamports.delete(text(tx.payer.publicKey));
    if (tx.honest) {
      try {
        this.model.copy().apply(tx.instructions, signers, this.now);
      } catch (error) {
        if (error instanceof Refusal) return outcome;
        throw error;
      }
      says(`was refused with ${outcome.error}, but is right`);
    }
    return outcome;
  }

  /** Who did not sign loses no lamports; what a closed account held goes where the model says. */
  watchLamports(addresses, signers, closed) {
    const due = new Map();
    for (const { address, to } of closed) due.set(to, (due.get(to) ?? 0n) + (this.lamports.get(address) ?? 0n));
    for (const address of addresses) {
      const held = read(this.world, address)?.lamports ?? 0n;
      const before = this.lamports.get(address);
      this.lamports.set(address, held);
      if (signers.has(address) || before === undefined || closed.some((one) => one.address === address)) continue;
      assert.ok(held >= before + (due.get(address) ?? 0n), `${address} lost lamports: ${before} to ${held}`);
    }
  }
}
