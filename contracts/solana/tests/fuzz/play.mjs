// An episode: honest people act in a random order while time passes, and an attacker goes between. What was done is recorded, so that it can be done again.
import { idl, PROGRAM } from "../rig.mjs";
import { pk, text } from "./wire.mjs";
import { Field, Disagreement } from "./field.mjs";
import { settlementActions, fixed, ledgerOf } from "./actions-settlement.mjs";
import { paymentActions } from "./actions-payments.mjs";
import { deviceActions } from "./actions-devices.mjs";
import { stakingActions } from "./actions-staking.mjs";
import { mutations, impostor, inPlaceOf, edge, copyOf } from "./mutations.mjs";

export const actions = { ...settlementActions, ...paymentActions, ...deviceActions, ...stakingActions };
const names = Object.keys(actions);
/** What moves a network on; the others come by turns. */
const PULSE = ["attest", "finalize", "claim", "claim_many", "deposit_stake", "register_device", "challenge", "register_device", "add_signatures", "attest_signed", "prove_tree_fault", "withdraw_stake", "write_buffer", "prove_tree_fault_buffered"];
/** What a network begins with, in this order. */
const SETUP = [
  ...Array(5).fill("register_operator"), ...Array(3).fill("open_payout"), "open_registry", "open_staking", "schedule_config", "set_maker", "add_model",
];

export class Episode {
  constructor(seed) {
    this.f = new Field(seed);
    this.counts = { honest: { tried: 0, accepted: {} }, attacker: { tried: 0, accepted: {}, byMutation: {} } };
    this.step = 0;
    /** Up to which account each instruction was swept. */
    this.swept = new Map();
  }

  networks() {
    return this.f.model.all("Network").map(({ address, ...n }) => ({ key: address, ...n }));
  }

  /** An honest transaction of that name in that network, ready to be sent, or null. */
  build(name, n) {
    const { f } = this;
    const made = actions[name](f, n);
    if (!made) return null;
    const accounts = { ...(n && name !== "initialize" ? fixed(n) : {}), ...made.accounts };
    // Somebody who has no token account of that mint, say.
    const definition = idl.instructions.find((i) => i.name === name);
    if (definition.accounts.some((a) => !a.optional && !a.address && a.name in accounts && !accounts[a.name]) || made.rest?.some((a) => !a)) return null;
    const main = f.instruction(name, accounts, made.args, made.rest);
    // An account whose key nobody has can sign nothing.
    if (main.keys.some((k) => k.isSigner && !f.ring.has(text(k.pubkey)))) return null;
    const payer = f.ring.get(text(main.keys.find((k) => k.isSigner)?.pubkey ?? f.world.payer.publicKey));
    return { label: `${name}${made.slip ? ` (${made.slip})` : ""}`, name, instructions: [...(made.before ?? []), main], payer, honest: true };
  }

  /** The one of three random actions that was accepted least often. */
  choose() {
    const { f } = this;
    const n = f.r.pick(this.networks().slice(0, 2).concat(f.r.chance(15) ? this.networks() : []));
    const three = f.r.chance(30) ? [f.r.pick(PULSE)] : [1, 2, 3].map(() => f.r.pick(names)).sort((x, y) => (this.counts.honest.accepted[x] ?? 0) - (this.counts.honest.accepted[y] ?? 0));
    for (const name of three) {
      const tx = this.build(name, n);
      if (tx) return tx;
    }
    return null;
  }

  send(tx, who) {
    const { f } = this;
    f.records.push({ tx, now: f.now });
    const outcome = f.run(tx);
    if (!outcome) {
      f.records.pop();
      return null;
    }
    const counts = this.counts[who];
    counts.tried++;
    // What was refused has changed nothing, and need not be done again; whoever uses forged accounts puts them there.
    if (!outcome.ok) f.records.pop();
    if (outcome.ok) for (const name of [tx.name].flat()) counts.accepted[name] = (counts.accepted[name] ?? 0) + 1;
    if (tx.honest) {
      f.history.push(tx);
      if (f.history.length > 80) f.history.shift();
    }
    return outcome;
  }

  /** The same with an argument that is out of place, sent by mistake: the model knows whether it is one. */
  slip(tx) {
    const instructions = tx.instructions.map(copyOf);
    edge(this.f, instructions.at(-1));
    return { ...tx, label: `${tx.label}, slip`, instructions };
  }

  wouldPass(tx) {
    const signers = new Set([text(tx.payer.publicKey), ...tx.instructions.flatMap((ix) => ix.keys.filter((k) => k.isSigner).map((k) => text(k.pubkey)))]);
    try {
      this.f.model.copy().apply(tx.instructions, signers, this.f.now);
      return true;
    } catch {
      return false;
    }
  }

  /** Before something that would pass: the same with each account in turn replaced, and each signature left out. */
  sweep(source) {
    const at = source.instructions.length - 1;
    for (const [i, own] of source.instructions[at].keys.entries()) {
      if (i < (this.swept.get(source.name) ?? 0)) continue;
      // What was accepted of the last account's has used it up: the next of that name goes on from here.
      if (!this.wouldPass(source)) return;
      this.swept.set(source.name, i + 1);
      const tx = () => ({ ...source, instructions: source.instructions.map(copyOf), puts: [], payer: this.f.attacker, honest: false });
      const found = tx();
      for (const address of inPlaceOf(this.f, found, own)) {
        const one = { ...tx(), puts: found.puts, label: `sweep: ${source.label}, account ${i} is ${address}` };
        one.instructions[at].keys[i].pubkey = pk(address);
        one.instructions[at].keys[i].isSigner = own.isSigner && this.f.ring.has(address);
        this.send(one, "attacker");
      }
      if (own.isSigner) {
        const one = { ...tx(), label: `sweep: ${source.label}, account ${i} does not sign` };
        for (const k of one.instructions[at].keys) if (k.pubkey.equals(own.pubkey)) k.isSigner = false;
        this.send(one, "attacker");
      }
    }
  }

  attack(source) {
    const { f } = this;
    const tx = { instructions: source.instructions.map(copyOf), puts: [], payer: f.attacker, signers: new Set([f.attacker.publicKey.toBase58()]) };
    // Half of the time it is one of the honest who does wrong: then their own signature stands.
    const people = source.instructions.flatMap((ix) => ix.keys.filter((k) => k.isSigner).map((k) => text(k.pubkey))).filter((k) => f.ring.has(k));
    const insider = f.r.chance(50);
    if (insider) {
      for (const one of people) tx.signers.add(one);
      if (f.r.chance(30)) tx.signers.add(f.r.pick([...f.ring.keys()]));
    }
    const done = [];
    if (!insider && f.r.chance(75)) {
      impostor(f, tx);
      done.push("in somebody's place");
    }
    for (let i = 1 + (f.r.chance(30) ? 1 : 0); i > 0; i--) {
      const name = f.r.pick(Object.keys(mutations));
      const own = tx.instructions.filter((ix) => ix.programId.equals(PROGRAM) || f.r.chance(20));
      mutations[name](f, tx, f.r.pick(own.length > 0 ? own : tx.instructions));
      done.push(name);
    }
    for (const k of tx.instructions.flatMap((ix) => ix.keys)) {
      const address = text(k.pubkey);
      // Whoever is put where somebody signs signs, if it is theirs to sign.
      if (tx.signers.has(address) && f.r.chance(90)) k.isSigner = k.isSigner || f.r.chance(50);
      else if (!tx.signers.has(address)) k.isSigner = false;
    }
    tx.label = `${insider ? "insider" : "attacker"}: ${source.label}, ${done.join(" and ")}`;
    tx.name = tx.instructions.filter((ix) => ix.programId.equals(PROGRAM)).map((ix) => idl.instructions.find((d) => ix.data.subarray(0, 8).equals(Buffer.from(d.discriminator)))?.name).filter(Boolean);
    const outcome = this.send(tx, "attacker");
    if (outcome?.ok) for (const m of done) this.counts.attacker.byMutation[m] = (this.counts.attacker.byMutation[m] ?? 0) + 1;
  }

  /** Time goes to a moment at which something becomes possible, a second before, or just on. */
  wait() {
    const { f } = this;
    const moments = [];
    for (const n of this.networks()) {
      const ledger = ledgerOf(f, n);
      moments.push(n.genesis + (ledger.last_epoch + 1n) * n.epoch_length);
      for (const report of ledger.reports) moments.push(report.claimable_at);
    }
    for (const v of f.model.accounts.values()) {
      if (v.ready_at) moments.push(v.ready_at);
      if (v.exit_at) moments.push(v.exit_at);
      if (v.type === "Position") moments.push(...v.thaws.map((t) => t.ready_at));
    }
    const next = moments.filter((m) => m > f.now && m < f.now + 20_000n);
    if (next.length > 0 && f.r.chance(60)) f.world.setTime(f.r.pick(next) - (f.r.chance(25) ? 1n : 0n));
    else f.world.pass(f.r.chance(3) ? 6_000 : 1 + f.r.below(150));
  }

  /** Many of one kind in a row: fifteen open reports, eight waiting sets. */
  burst() {
    const { f } = this;
    const name = f.r.pick(["attest", "schedule_config"]);
    const n = this.networks()[0];
    if (name === "attest") f.world.pass(17n * n.epoch_length);
    f.calm = true;
    for (let i = 0; i < 17; i++) {
      const tx = this.build(name, this.networks()[0]);
      if (tx) this.send(tx, "honest");
    }
    f.calm = false;
  }

  run(steps) {
    const { f } = this;
    for (const i of [0, 1]) {
      this.send(this.build("initialize"), "honest");
      for (const name of SETUP) {
        const tx = this.build(name, this.networks()[i]);
        if (tx) this.send(tx, "honest");
      }
    }
    for (this.step = 0; this.step < steps; this.step++) {
      const dice = f.r.below(1_000);
      if (dice < 3) this.burst();
      else if (dice < 110) this.wait();
      else {
        const tx = this.choose();
        if (!tx) continue;
        // An attacker who sees it coming is there before.
        if (f.r.chance(35)) this.attack(tx);
        if (this.wouldPass(tx) && (this.swept.get(tx.name) ?? 0) < tx.instructions.at(-1).keys.length) this.sweep(tx);
        if (f.r.chance(18)) this.send(this.slip(tx), "honest");
        this.send(tx, "honest");
        for (let i = f.r.below(3); i > 0; i--) this.attack(f.r.chance(60) ? tx : f.r.pick(f.history));
      }
    }
  }
}

/** Does again what was done, in a new world; returns where the model and the program first disagree, or -1. */
function again(seed, records, signed) {
  const f = new Field(seed, signed);
  for (const [i, { tx, now }] of records.entries()) {
    f.world.setTime(now);
    try {
      f.run(tx);
    } catch (error) {
      if (error instanceof Disagreement) return i;
      throw error;
    }
  }
  return -1;
}

/** The last of the records fails: those of them that are needed for it, as far as some repetitions tell. First all of one name are left out, then some in a row. */
export function shortest(seed, { records, signed }, repetitions = 40) {
  let list = records;
  const without = (less) => {
    const found = less.length < list.length ? again(seed, less, signed) : -1;
    if (found >= 0) list = less.slice(0, found + 1);
    return found >= 0;
  };
  if (again(seed, list, signed) < 0) return list;
  const last = list.at(-1);
  for (const name of new Set(records.map(({ tx }) => String(tx.name)))) without(list.filter((r) => r === last || String(r.tx.name) !== name));
  for (let size = Math.ceil(list.length / 2); size > 0 && repetitions > 0; size >>= 1) {
    for (let at = 0; at < list.length - 1 && repetitions > 0; repetitions--) {
      if (!without([...list.slice(0, at), ...list.slice(Math.min(at + size, list.length - 1))])) at += size;
    }
  }
  return list;
}
