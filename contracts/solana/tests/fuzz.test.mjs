// The entry point under arbitrary accounts and data: what is not authorized does not succeed, and no token moves that should not.
import test from "node:test";
import assert from "node:assert/strict";
import { toBytes } from "viem";
import { World, Network, must, key, idl, PROGRAM, TOKEN, SYSTEM, web3, coder, borsh, leafArguments, pda, placed, hash } from "./rig.mjs";
import { Staking } from "./staking.mjs";
import { Devices, deviceKey } from "./devices.mjs";
import { random } from "./fuzz/random.mjs";

const runs = Number(process.env.DEPIN_FUZZ_RUNS ?? (process.env.DEPIN_DEEP ? 60_000 : 2_000));
const seed = Number(process.env.DEPIN_FUZZ_SEED ?? 20_261_122);

/** Instructions that anyone may send; the others need a key that the attacker has not. */
const OPEN = new Set(["attest", "finalize", "open_payout", "claim", "claim_many", "challenge", "reclaim_bond", "register_operator", "apply_recipient", "prove_tree_fault", "prove_equivocation"]);

test(`${runs} instructions of arbitrary accounts and data authorize nothing`, { timeout: 1_800_000 }, (t) => {
  const r = random(seed);
  const world = new World(undefined, { sigverify: false }); // who signs is in the message; the signatures only cost time
  const n = new Network(world).ready(4, 3);
  const tree = n.tree([100n, 200n, 300n]);
  n.settle(tree);
  const later = n.tree([150n, 200n, 300n]);
  const open = { ...n.report(later), tree: later };
  world.setTime(open.periodEnd);
  must(n.attest(open));
  const d = new Devices(n).ready();
  const k = deviceKey(1, "fuzzed");
  must(d.publish(hash("root"), 5));
  must(d.register(k));
  must(d.scheduleKey(d.device(k), 1n, deviceKey(2, "waiting")));
  const s = new Staking(world, "", n).ready();
  must(s.deposit(s.provider, 1_000n));
  must(s.deposit(s.delegator, 1_000n));
  must(s.thaw(s.delegator, 1_000n));
  const attacker = key("attacker");
  world.fund(attacker.publicKey, 10_000_000_000_000n);
  const purse = world.token("attacker's", n.mint, attacker.publicKey, 0n);
  const pool = [
    ...Object.values(n.accounts), ...n.members.flatMap((o) => [o.operator, o.source, o.account.publicKey]), ...n.paid.flatMap((p) => [p.payout, p.page, p.token, p.account.publicKey]), n.config(1n),
    n.config(2n), s.staking, s.pool(), s.position(s.provider), s.position(s.delegator), d.maker(1), d.model(1), d.batch(1), d.device(k), d.device(deviceKey(2, "waiting")), d.makerAccount.publicKey, web3.SYSVAR_INSTRUCTIONS_PUBKEY, n.owner.publicKey, n.arbiter.publicKey, attacker.publicKey, purse, TOKEN, SYSTEM, PROGRAM, key("nothing").publicKey, world.payer.publicKey,
  ];
  const privileged = () => JSON.stringify([
    s.state, world.fetch("Position", s.position(s.provider)), world.fetch("Position", s.position(s.delegator)),
    world.fetch("DeviceRegistry", n.registry), world.fetch("DeviceMaker", d.maker(1)), world.fetch("DeviceBatch", d.batch(1)), world.fetch("Device", d.device(k)),
    world.fetch("Network", n.network), world.fetch("Config", n.config(1n)).digest, ...n.members.map((o) => world.fetch("Operator", o.operator)), world.balance(n.bonds),
    world.fetch("Ledger", n.ledger).generation, world.fetch("Ledger", n.ledger).last_epoch,
    ...n.paid.map((p) => world.fetch("Payout", p.payout).recipient), world.supply(n.mint), world.balance(purse),
  ], (_, v) => (typeof v === "bigint" ? String(v) : v));
  const before = privileged();
  const vaultAndPaid = () => world.balance(n.vault) + n.paid.reduce((sum, p) => sum + world.balance(p.token), 0n);
  const wealth = vaultAndPaid();
  // Arguments that an honest sender would give; the runs change a few of their bytes.
  const leaf = (i) => ({ leaf: leafArguments(tree.leaves[i]), proof: tree.proof(i) });
  const next = n.report(tree);
  const honest = {
    claim: { root: toBytes(tree.root), ...leaf(0) }, claim_many: { root: toBytes(tree.root), claims: [leaf(0), leaf(1)] }, finalize: { epoch: 2n }, cancel: { epoch: 2n },
    challenge: { epoch: 2n, evidence: new Uint8Array(32) }, open_payout: { account: attacker.publicKey }, set_breaker: { capacity: 50_000_000n }, propose_owner: { pending: attacker.publicKey },
    schedule_recipient: { recipient: attacker.publicKey }, add_bond: { amount: 1n }, set_endpoint: { endpoint: "https://x" },
    schedule_config: { first_epoch: 9n, parameters_hash: new Uint8Array(32), rules_hash: new Uint8Array(32) }, recover: { parameters_hash: new Uint8Array(32), rules_hash: new Uint8Array(32) },
    register_operator: { report_key: new Uint8Array(20).fill(7), protocol_key: new Uint8Array(32).fill(7), bond: 6_000n, endpoint: "x" },
    attest: { report: toBytes(next.raw), bitmap: 7, signatures: [1, 2, 3].map((i) => new Uint8Array(64).fill(i)) },
    prove_tree_fault: { epoch: 2n, fault: 1, leaf: placed(open.tree, 0), other: placed(tree, 0) },
    prove_equivocation: { report: toBytes(open.raw), other_rest: toBytes(next.raw).subarray(64), signature: n.signatures(open).signatures[0], other_signature: new Uint8Array(64) },
  };
  const mine = d.registration(k, { owner: attacker.publicKey });
  Object.assign(honest, {
    open_registry: { key_delay: 0n }, set_maker: { settings: { maker_id: 1, account: attacker.publicKey, approver: new Uint8Array(20).fill(7), quota: 9, active: true } },
    add_model: { settings: { class: 1, capabilities: 1, cadence: 1, metadata: new Uint8Array(32) } }, publish_batch: { root: new Uint8Array(32), count: 9, uri: "x" },
    register_device: { registration: d.registration(k), device_signature: Buffer.alloc(64, 1), maker_signature: Buffer.alloc(64, 1), proof: [] }, assert_cell: { cell: 9n },
    open_staking: { settings: { slasher: attacker.publicKey, min_deposit: 1n, pool_cap: 1n, thaw_period: 0n, delegation_ratio: 1, max_thaws: 1 } },
    deposit_stake: { provider: s.provider.key, tokens: 10n, min_shares: 0n }, request_thaw: { shares: 10n, min_tokens: 0n }, cancel_thaw: { thaw_id: 0, min_shares: 0n },
    withdraw_stake: { thaw_id: 0 }, slash_stake: { ppm: 1_000_000, reason: new Uint8Array(32) },
    transfer_device: { to: n.paid[0].account.publicKey }, schedule_key: { registration: mine, device_signature: Buffer.alloc(64, 1) },
  });
  const bodies = Object.fromEntries(Object.entries(honest).map(([name, args]) => [name, coder.instruction.encode(name, borsh(args)).subarray(8)]));
  let succeeded = 0;
  const outcomes = {};
  for (let i = 0; i < runs; i++) {
    const definition = r.pick(idl.instructions);
    let body = Buffer.from(bodies[definition.name] ?? []);
    if (r.chance(20)) body = Buffer.from(Array.from({ length: r.below(r.chance(20) ? 600 : 60) }, () => (r.chance(40) ? 0 : r.below(256))));
    for (let flips = r.below(3); flips > 0 && body.length > 0; flips--) body[r.below(body.length)] ^= 1 << r.below(8);
    if (r.chance(5)) body = body.subarray(0, r.below(body.length + 1));
    const data = r.chance(95) ? Buffer.concat([Buffer.from(definition.discriminator), body]) : body;
    // Mostly the right accounts in the right places, with some of them changed: only so do runs come far.
    const right = { ...n.accounts, program: PROGRAM, system_program: SYSTEM, token_program: TOKEN, operator: n.members[0].operator, config: n.config(1n), previous: n.config(1n), page: n.paid[0].page, payout: n.paid[0].payout,
      to: definition.name.startsWith("claim") ? n.paid[0].token : purse, source: purse, owner: n.owner.publicKey, arbiter: n.arbiter.publicKey, payer: attacker.publicKey, account: attacker.publicKey, sender: attacker.publicKey, challenger: attacker.publicKey,
      staker: attacker.publicKey, slasher: attacker.publicKey, staking: s.staking, pool: s.pool(), position: s.position(s.delegator), maker: d.maker(1), model: d.model(1), batch: d.batch(1), device: d.device(k), instructions: web3.SYSVAR_INSTRUCTIONS_PUBKEY, reporter: attacker.publicKey, pending: attacker.publicKey };
    if (definition.name === "open_payout") right.payout = pda("payout", n.network, attacker.publicKey);
    const keys = definition.accounts.map((a) => {
      const pubkey = r.chance(92) ? (right[a.name] ?? r.pick(pool)) : r.pick(pool);
      return { pubkey, isSigner: pubkey.equals(attacker.publicKey) && r.chance(97), isWritable: r.chance(95) ? !!a.writable : r.chance(50) };
    });
    if (r.chance(5)) keys.splice(r.below(keys.length + 1));
    while (r.chance(25)) keys.push({ pubkey: r.pick(pool), isSigner: false, isWritable: r.chance(50) });
    let outcome;
    try {
      outcome = world.send(new web3.TransactionInstruction({ programId: PROGRAM, keys, data }), [attacker], { payer: attacker, units: 400_000 });
    } catch (e) {
      if (/too large|Transaction too/.test(String(e))) continue;
      throw e;
    }
    outcomes[outcome.error ?? "accepted"] = (outcomes[outcome.error ?? "accepted"] ?? 0) + 1;
    if (outcome.ok) {
      succeeded++;
      assert.ok(OPEN.has(definition.name), `${definition.name} was accepted in run ${i}\n${outcome.logs.join("\n")}`);
    }
    if (outcome.ok || i % 50 === 0) {
      assert.equal(privileged(), before, `run ${i} (${definition.name}) changed what only a key may`);
      assert.equal(vaultAndPaid(), wealth, `run ${i} (${definition.name}) lost tokens`);
    }
    // A program that reads or writes where it may not dies of an access violation: it must refuse before.
    assert.ok(!outcome.logs.some((l) => /Access violation|panicked|exceeded CUs|ReadonlyDataModified|ExternalAccount/i.test(l)), `run ${i} (${definition.name})\n${outcome.logs.join("\n")}`);
  }
  t.diagnostic(`${runs} runs, ${succeeded} accepted, by outcome: ${JSON.stringify(outcomes)}`);
  assert.ok(succeeded > 0, "some runs are what anyone may do");
  assert.ok(Object.keys(outcomes).length > 15, "the runs come far into the program");
});
