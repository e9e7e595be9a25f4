// Compute units of each instruction against the committed table; a drift beyond 10 % fails. DEPIN_WRITE=1 writes the table anew.
import test from "node:test";
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { World, Network, Tree, must, key, root, idl, pda, hash, operators, placed, sign, web3, le, coder, borsh, TOKEN, TOKEN_2022, TOLERANCE } from "./rig.mjs";
import { Staking, THAW } from "./staking.mjs";
import { Devices, Batch, deviceKey } from "./devices.mjs";
import { toBytes } from "viem";

const file = path.join(root, "contracts/solana/snapshots/compute.json");

/** Measured on mainnet by Helium for the comparable instruction: reference figures that these may not exceed. */
const HELIUM = {
  "claim, 17 levels": ["distribute_rewards_v0 with the oracle's message (12,343 + 29,457)", 41_800],
  "claim_many, each of 3": ["claim_rewards_v1 (43,233)", 43_233],
  "set_breaker": ["price_oracle.submit_price (6,213)", 6_213],
  "open_payout": ["initialize_recipient (16,786)", 16_786],
  "finalize": ["issue_rewards (75,371)", 75_371],
  "register_operator": ["onboard_iot (109,809)", 109_809],
  "register_device, secp256k1": ["onboard_iot (109,809)", 109_809],
  "register_device, P-256 in a batch of 1,024": ["onboard_iot (109,809)", 109_809],
  "register_device, Ed25519": ["onboard_iot (109,809)", 109_809],
};

function measure(owner = TOKEN) {
  const units = {};
  const note = (name, outcome) => {
    units[name] = must(outcome).units;
    return outcome;
  };
  const world = new World();
  const n = new Network(world, { breaker_capacity: 100_000_000_000n }, { mintOptions: { owner } });
  note("initialize", n.initialize());
  n.members = operators(7);
  for (const o of n.members) note("register_operator", n.register(o));
  note("schedule_config, 7 operators", n.schedule(n.members));
  const o = n.members[0];
  const own = { account: o.account.publicKey, operator: o.operator, source: o.source, to: o.source };
  note("set_endpoint", n.call("set_endpoint", own, { endpoint: "https://operator.example" }, [o.account]));
  note("add_bond", n.call("add_bond", own, { amount: 1n }, [o.account]));
  note("propose_owner", n.call("propose_owner", { owner: n.owner.publicKey }, { pending: n.owner.publicKey }, [n.owner]));
  note("accept_owner", n.call("accept_owner", { pending: n.owner.publicKey }, {}, [n.owner]));
  note("set_breaker", n.call("set_breaker", { owner: n.owner.publicKey }, { capacity: 90_000_000_000n }, [n.owner]));
  for (let i = 0; i < 5; i++) n.addPayout(key(`paid ${i}`));
  const account = key("measured").publicKey;
  note("open_payout", n.call("open_payout", { payer: world.payer.publicKey, payout: pda("payout", n.network, account), page: n.paid[0].page }, { account }, []));
  const p = n.paid[0];
  note("schedule_recipient", n.call("schedule_recipient", { account: p.account.publicKey, payout: p.payout }, { recipient: p.account.publicKey }, [p.account]));
  world.pass(n.parameters.recipient_delay + TOLERANCE);
  note("apply_recipient", n.call("apply_recipient", { payout: p.payout }, {}, []));

  const tree = n.tree([1n, 2n, 3n, 4n, 5n]);
  const settled = n.settle(tree);
  note("attest, 5 of 7 signatures", settled.attested);
  note("finalize", settled.finalized);
  const batch = note("claim_many, each of 3", n.claimMany(tree, [1, 2, 3], world.payer));
  must(n.claimMany(tree, [1], world.payer)); // skipped: this account was paid
  units["claim_many, each of 3"] = Math.round(batch.units / 3);

  // A claim in a tree of 131,072 accounts: the siblings are any hashes, the root is what they give.
  const deep = deepTree(n, 0, 17);
  return { world, n, units, note, tree, deep };
}

/** Makers and devices: a registration with the maker's signature, one out of a batch of 1,024, a key's rotation. */
function measureDevices(n, note) {
  const d = new Devices(n);
  note("open_registry", d.openRegistry());
  note("set_maker", d.setMaker());
  note("add_model", d.addModel());
  const keys = [1, 2, 3].map((type) => deviceKey(type, "measured"));
  const batch = new Batch(Array.from({ length: 1_024 }, (_, i) => [i === 700 ? keys[1].id : hash(`device ${i}`), 1]));
  note("publish_batch", d.publish(batch.root, 1_024));
  note("register_device, secp256k1", d.register(keys[0]));
  note("register_device, P-256 in a batch of 1,024", d.register(keys[1], { registration: { batch_id: 1n }, proof: batch.proof(700) }));
  note("register_device, Ed25519", d.register(keys[2], { vouched: "account" }));
  note("revoke_batch", d.revoke(1));
  const at = d.device(keys[0]);
  note("assert_cell", d.act("assert_cell", at, d.owner, { cell: 1n }));
  note("suspend_device", d.act("suspend_device", at, n.owner));
  note("reinstate_device", d.act("reinstate_device", at, n.owner));
  note("schedule_key, P-256", d.scheduleKey(at, 1n, deviceKey(2, "next")));
  note("cancel_key", d.act("cancel_key", at));
  must(d.scheduleKey(at, 1n, deviceKey(3, "after")));
  n.world.pass(1_000n + TOLERANCE);
  note("apply_key", d.act("apply_key", at));
  note("transfer_device", d.act("transfer_device", at, d.owner, { to: d.owner.publicKey }, { payout: d.payout(d.owner.publicKey) }));
  note("retire_device", d.act("retire_device", at));
}

/** A provider's stake: in, out, and slashed. */
function measureStaking(n, note) {
  const s = new Staking(n.world, "", n);
  note("open_staking", s.open());
  must(s.deposit(s.provider, 1_000n));
  note("deposit_stake, the first of a delegator", s.deposit(s.delegator, 500n));
  note("request_thaw", s.thaw(s.delegator, 250_000n));
  must(s.thaw(s.delegator, 250_000n));
  note("cancel_thaw", s.cancel(s.delegator, 0));
  note("slash_stake", s.slash(100_000));
  n.world.pass(THAW + TOLERANCE);
  note("withdraw_stake", s.withdraw(s.delegator, 1));
  must(s.slash(1_000_000));
}

/** A tree of 2^depth leaves of which only one branch is known. */
function deepTree(n, index, depth) {
  const one = n.tree([1_000n]);
  const siblings = Array.from({ length: depth }, (_, d) => hash(`sibling ${d}`));
  const t = new Tree(n.domain, [{ account: n.paid[index].account.publicKey.toBytes(), cumulative: 1_000n }]);
  return { leaf: t.leaves[0], siblings, one };
}

test("compute units are those of the committed table", async () => {
  const { world, n, units, note, deep } = measure();
  const { keccak256, concat } = await import("viem");
  const { leafHash, leafArguments } = await import("./rig.mjs");
  let node = leafHash(n.domain, deep.leaf);
  for (const s of deep.siblings) node = keccak256(concat([node, s.length ? `0x${Buffer.from(s).toString("hex")}` : "0x"]));
  const put = (cumulative) => world.tamper("Distributor", n.distributor, (d) => { d.current.root = [...toBytes(node)]; d.current.leaf_count = 1 << 17; d.current.cumulative_total = new (d.level.constructor)(String(cumulative)); });
  await put(100_000n);
  world.put(n.vault, Buffer.from(world.data(n.vault)).fill(le(100_000n, 8), 64, 72), new web3.PublicKey(world.read(n.vault).programAddress));
  const p = n.paid[0];
  const claim = () => n.call("claim", { sender: p.account.publicKey, page: p.page, payout: p.payout, to: p.token }, { root: toBytes(node), leaf: leafArguments(deep.leaf), proof: deep.siblings }, [p.account]);
  note("claim, 17 levels", claim());

  // The rest of a report's life.
  world.setTime(n.parameters.genesis + 5n * n.parameters.epoch_length);
  const tree = n.tree([1n, 2n, 3n, 4n, 6n]);
  const report = n.report(tree);
  must(n.attest(report));
  const challenger = key("challenger");
  world.fund(challenger.publicKey);
  const source = world.token("challenger token", n.mint, challenger.publicKey, 10_000n);
  const challenge = pda("challenge", n.network, toBytes(report.digest));
  note("challenge", n.call("challenge", { challenger: challenger.publicKey, challenge, source }, { epoch: 2n, evidence: hash("e") }, [challenger]));
  note("cancel", n.call("cancel", { arbiter: n.arbiter.publicKey }, { epoch: 2n }, [n.arbiter]));
  note("reclaim_bond", n.call("reclaim_bond", { challenge, challenger: challenger.publicKey, to: source }, {}, []));
  must(n.attest(n.report({ ...tree, leaves: tree.leaves, root: tree.root, total: tree.total + 1n })));
  note("prove_tree_fault, 3 levels", n.call("prove_tree_fault", { reporter: world.payer.publicKey, payout: n.paid[4].payout }, { epoch: 2n, fault: 3, leaf: placed(tree, 4), other: { ...placed(tree, 4), proof: [] } }, []));
  world.pass(n.parameters.recovery_silence + n.parameters.epoch_length);
  note("recover, 7 operators", n.set("recover", n.members, { parameters_hash: hash("p"), rules_hash: hash("r") }));
  const spare = operators(8, "spare").find((s) => !n.members.some((m) => m.address === s.address));
  must(n.register(spare));
  const own = { account: spare.account.publicKey, operator: spare.operator, to: spare.source };
  note("request_exit", n.call("request_exit", own, {}, [spare.account]));
  world.pass(n.parameters.bond_thaw + TOLERANCE);
  note("withdraw_bond", n.call("withdraw_bond", own, {}, [spare.account]));
  world.put(n.mint, Buffer.from(world.data(n.mint)).fill(le(1_000_000n, 8), 36, 44), new web3.PublicKey(world.read(n.mint).programAddress));
  const [a, b] = [n.report(tree), n.report(tree, { anchorNumber: 9n })];
  const member = n.members[2];
  note("prove_equivocation", n.call("prove_equivocation", { reporter: world.payer.publicKey, config: n.config(2n), operator: member.operator, to: world.token("reporter", n.mint, world.payer.publicKey) },
    { report: toBytes(a.raw), other_rest: toBytes(b.raw).subarray(64), signature: sign(a.digest, member.secret).bytes, other_signature: sign(b.digest, member.secret).bytes }, []));

  // What exceeds a transaction.
  const payer = world.payer.publicKey;
  const idle = n.report(tree);
  const place = pda("signatures", n.network, toBytes(idle.digest), payer);
  const gather = { payer, signatures: place, config: n.config(2n) };
  note("open_signatures", n.call("open_signatures", gather, { report: toBytes(idle.raw) }, []));
  note("close_signatures", n.call("close_signatures", gather, {}, []));
  must(n.call("open_signatures", gather, { report: toBytes(idle.raw) }, []));
  note("add_signatures, 5", n.call("add_signatures", gather, n.signatures(idle), []));
  note("attest_signed", n.call("attest_signed", gather, {}, []));
  const arguments_ = coder.instruction.encode("prove_tree_fault", borsh({ epoch: idle.epoch, fault: 3, leaf: placed(tree, 4), other: { ...placed(tree, 4), proof: [] } })).subarray(8);
  const buffer = pda("buffer", payer);
  note("write_buffer", world.send(world.instruction("write_buffer", { writer: payer, buffer }, { total: arguments_.length, offset: 0, data: arguments_ })));
  await world.tamper("Ledger", n.ledger, (l) => { const r = l.reports[Number(idle.epoch % 16n)]; r.cumulative_total = r.cumulative_total.addn(1); });
  note("prove_tree_fault_buffered, 3 levels", n.call("prove_tree_fault_buffered", { reporter: payer, payout: n.paid[4].payout, buffer }, {}, []));
  note("close_buffer", world.send(world.instruction("close_buffer", { writer: payer, buffer })));

  measureDevices(n, note);
  measureStaking(n, note);

  // On Token-2022: a mint with a pointer to its metadata, associated accounts.
  const other = measure(TOKEN_2022);
  other.note("claim", other.n.claim(other.tree, 0));
  for (const name of ["initialize", "register_operator", "add_bond", "finalize", "claim_many, each of 3", "claim"]) units[`${name}, Token-2022`] = other.units[name];

  // Anchor's client decodes every event of this whole life, to values that encode to the same bytes.
  const seen = new Set();
  for (const line of world.lines) {
    const event = coder.events.decode(line);
    seen.add(event.name);
    assert.equal(coder.types.encode(event.name, event.data).toString("base64"), Buffer.from(line, "base64").subarray(8).toString("base64"), event.name);
  }
  assert.deepEqual(idl.events.map((e) => e.name).filter((name) => !seen.has(name)), [], "events that nothing here logged");

  for (const { name } of idl.instructions) assert.ok(Object.keys(units).some((u) => u === name || u.startsWith(`${name},`)), `${name} is not measured`);
  const size = fs.statSync(path.join(root, "contracts/solana/artifacts/depin.so")).size;
  const table = { programBytes: size, computeUnits: Object.fromEntries(Object.keys(units).sort().map((k) => [k, units[k]])) };
  if (process.env.DEPIN_WRITE) fs.writeFileSync(file, `${JSON.stringify(table, null, 2)}\n`);
  const kept = JSON.parse(fs.readFileSync(file, "utf8"));
  assert.deepEqual(Object.keys(units).sort(), Object.keys(kept.computeUnits), "the table's instructions");
  for (const [name, now] of Object.entries(units)) {
    const was = kept.computeUnits[name];
    assert.ok(Math.abs(now - was) * 10 <= was, `${name}: ${now} compute units, the table says ${was}; where that is meant, run scripts/solana-test --write`);
  }
  for (const [name, [whose, limit]] of Object.entries(HELIUM)) {
    if (name in units) assert.ok(units[name] <= limit, `${name}: ${units[name]} exceeds Helium's ${whose}`);
  }
  assert.ok(units["claim, 17 levels"] <= 40_000 && units["attest, 5 of 7 signatures"] <= 200_000, "the design's targets");
});
