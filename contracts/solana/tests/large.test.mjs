// What exceeds a transaction: quorums above five through a place for signatures, proofs through a buffer.
import assert from "node:assert/strict";
import { concat, keccak256, toBytes, toHex } from "viem";
import { World, Network, Tree, must, refused, key, pda, sign, coder, borsh, hash, le, leafHash, web3, test } from "./rig.mjs";

function large(n) {
  const network = new Network(new World()).ready(n, 1);
  network.world.setTime(network.parameters.genesis + network.parameters.epoch_length);
  const report = network.report(network.tree([100n]));
  const place = (r = report, payer = network.world.payer) => pda("signatures", network.network, toBytes(r.digest), payer.publicKey);
  const open = (r = report, payer = network.world.payer) => network.call("open_signatures", { payer: payer.publicKey, signatures: place(r, payer) }, { report: toBytes(r.raw) }, [payer]);
  const add = (who, { r = report, config = network.config(1n), signatures, bitmap, ...accounts } = {}) => network.call("add_signatures", { config, signatures: place(r), ...accounts },
    { bitmap: bitmap ?? who.reduce((b, i) => (b | (1 << i)) >>> 0, 0), signatures: signatures ?? who.map((i) => sign(r.digest, network.members[i].secret).bytes) }, []);
  const attest = (accounts = {}) => network.call("attest_signed", { config: network.config(1n), signatures: place(), payer: network.world.payer.publicKey, ...accounts }, {}, []);
  return { n: network, report, place, open, add, attest };
}

const range = (from, to) => Array.from({ length: to - from }, (_, i) => from + i);

test("a set of 31 gathers its 21 signatures in parts, and the report is accepted", () => {
  const { n, report, place, open, add, attest } = large(31);
  const scheduled = n.world.lines.find((l) => coder.events.decode(l).name === "ConfigScheduled");
  assert.equal(coder.events.decode(scheduled).data.members.length, 31);
  assert.ok(scheduled.length < 2_600, "the longest event is far below the 10,000 bytes of a transaction's logs");
  must(open());
  const rent = n.world.svm.getBalance(n.world.payer.publicKey.toBase58());
  for (let i = 0; i < 21; i += 7) must(add(range(i, i + 7)));
  const { events } = must(attest());
  assert.deepEqual([events[0].name, events[0].digest, events[0].signers, events[0].report], ["ReportAccepted", report.digest, 2 ** 21 - 1, report.raw]);
  assert.equal(n.world.data(place()).length, 0);
  assert.ok(n.world.svm.getBalance(n.world.payer.publicKey.toBase58()) > rent, "the rent came back");
  refused(attest(), "WrongOwner");
});

test("gathered signatures count once each, exactly q of them, under the report's own config", () => {
  const { n, report, open, add, attest } = large(10);
  must(open());
  refused(open(), "AlreadyExists");
  must(add(range(0, 6)));
  refused(attest(), "WrongSignerCount");
  refused(add([5]), "AlreadySigned");
  refused(add([6], { signatures: [sign(report.digest, n.members[7].secret).bytes] }), "BadSignature");
  refused(add([6], { signatures: [] }), "WrongSignerCount");
  refused(add([], { bitmap: 1 << 10, signatures: [sign(report.digest, n.members[7].secret).bytes] }), "UnknownSigner");
  // The same operators in a config of another rule: another digest.
  must(n.set("schedule_config", n.members, { first_epoch: 9n, parameters_hash: hash("other"), rules_hash: hash("other") }));
  refused(add([6], { config: n.config(2n) }), "WrongConfig");
  must(add([9]));
  refused(attest({ config: n.config(2n) }), "WrongConfig");
  refused(attest({ payer: n.owner.publicKey }), "WrongAccount");
  refused(attest({ ledger: n.distributor }), "WrongAddress");
  must(attest());
});

test("one signature too many is as wrong as one too few", () => {
  const { open, add, attest } = large(10);
  must(open());
  must(add(range(0, 8)));
  refused(attest(), "WrongSignerCount");
});

test("a gathered report meets the same conditions as any other", () => {
  const { n, report } = large(10);
  const wrong = n.report(n.tree([100n]), { unallocated: report.unallocated + 1n });
  const place = pda("signatures", n.network, toBytes(wrong.digest), n.world.payer.publicKey);
  must(n.call("open_signatures", { payer: n.world.payer.publicKey, signatures: place }, { report: toBytes(wrong.raw) }, []));
  must(n.call("add_signatures", { config: n.config(1n), signatures: place }, n.signatures(wrong), []));
  refused(n.call("attest_signed", { config: n.config(1n), signatures: place, payer: n.world.payer.publicKey }, {}, []), "NotBudget");
  const i = n.world.instruction("add_signatures", { ...n.accounts, config: n.config(1n), signatures: place }, { bitmap: 0, signatures: [] });
  i.data.writeUInt32LE(33, i.data.length - 4);
  refused(n.world.send(i), "BadData");
});

test("a place for signatures is its opener's to close, and a network's own", () => {
  const { n, report, place, open, add } = large(10);
  must(open());
  const close = (signer, at = place(), accounts = {}) => n.call("close_signatures", { payer: signer.publicKey, signatures: at, ...accounts }, {}, [signer]);
  refused(close(n.owner), "NotAuthorized");
  const other = new Network(n.world, {}, { label: "other" }).ready(10);
  refused(close(n.world.payer, place(), { network: other.network }), "WrongAccount");
  refused(add([1], { network: other.network, config: other.config(1n) }), "WrongAccount");
  must(open(report, n.owner)); // another's place does not stand in the way
  const readOnly = n.world.instruction("close_signatures", { ...n.accounts, payer: n.owner.publicKey, signatures: place(report, n.owner) });
  readOnly.keys[0].isWritable = false;
  refused(n.world.send(readOnly, [n.owner]), "NotWritable");
  must(close(n.world.payer));
  refused(add([1]), "WrongOwner");
  const tagged = report.raw.replace("0x19", "0x18");
  refused(n.call("open_signatures", { payer: n.world.payer.publicKey, signatures: place() }, { report: toBytes(tagged) }, []), "BadTag");
});

// --- buffers

const buffer = (who) => pda("buffer", who.publicKey);
const write = (n, who, total, offset, data, accounts = {}) => n.world.send(
  n.world.instruction("write_buffer", { writer: who.publicKey, buffer: buffer(who), ...accounts }, { total, offset, data: Buffer.from(data) }), [who]);

test("a fault whose two proofs exceed a transaction is proven through a buffer", async () => {
  const n = new Network(new World()).ready(4, 1);
  const holder = n.paid[0];
  // Two trees of 2^17 accounts in which one branch is known.
  const branch = (cumulative) => {
    const leaf = { index: 0, account: holder.account.publicKey.toBytes(), cumulative, prefix: 0n, itemsHash: `0x${"00".repeat(32)}` };
    const proof = range(0, 17).map((d) => hash(`sibling ${d}`));
    const t = new Tree(n.domain, [{ account: leaf.account, cumulative }]);
    return { leaf: t.leaves[0], proof, root: proof.reduce((node, s) => keccak(node, s), leafHash(n.domain, t.leaves[0])) };
  };
  const [parent, child] = [branch(10n), branch(9n)];
  await n.world.tamper("Ledger", n.ledger, (l) => {
    const number = (v) => new (l.last_epoch.constructor)(String(v));
    l.last_epoch = number(2);
    l.next_final = number(2);
    for (const [epoch, tree] of [[1, parent], [2, child]]) Object.assign(l.reports[epoch], { epoch: number(epoch), rewards_root: [...toBytes(tree.root)], leaf_count: 1 << 17, status: 1, claimable_at: number(10n ** 12n) });
  });
  const at = (b) => ({ index: 0, account: holder.account.publicKey, leaf: { cumulative: b.leaf.cumulative, prefix: 0n, items_hash: new Uint8Array(32) }, proof: b.proof });
  // Anchor's encoder has a buffer of 1,000 bytes, so the leaves are encoded one by one.
  const part = (leaf) => coder.types.encode("Placed", borsh(leaf));
  const args = Buffer.concat([le(2, 8), Buffer.from([1]), part(at(child)), part(at(parent))]);
  assert.ok(args.length > 1_232);
  const who = n.world.payer;
  for (let o = 0; o < args.length; o += 800) must(write(n, who, args.length, o, args.subarray(o, o + 800)));
  const prove = (reporter = who, from = buffer(who)) => n.call("prove_tree_fault_buffered", { reporter: reporter.publicKey, payout: holder.payout, buffer: from }, {}, [reporter]);
  refused(prove(n.owner), "NotAuthorized");
  refused(prove(who, n.ledger), "WrongAccount");
  const { events } = must(prove());
  assert.deepEqual(events.map((e) => e.name), ["TreeFaultProven", "ReportCancelled"]);
});

const keccak = (node, sibling) => keccak256(concat([node, toHex(sibling)]));

test("a buffer is its writer's alone, within its length", () => {
  const n = new Network(new World());
  const who = n.owner;
  must(write(n, who, 100, 0, Buffer.alloc(50)));
  must(write(n, who, 100, 50, Buffer.alloc(50)));
  refused(write(n, who, 100, 51, Buffer.alloc(50)), "BadData");
  refused(write(n, who, 100, 101, []), "BadData");
  refused(write(n, who, 200, 0, new Uint8Array(150)), "BadData");
  refused(write(n, n.arbiter, 8_193, 0, []), "BadData");
  refused(write(n, n.arbiter, 100, 0, [1], { buffer: buffer(who) }), "NotAuthorized");
  const close = (signer, at = buffer(signer)) => n.world.send(n.world.instruction("close_buffer", { writer: signer.publicKey, buffer: at }), [signer]);
  refused(close(n.arbiter, buffer(who)), "NotAuthorized");
  // Closed and made anew in one transaction, it is empty.
  must(write(n, who, 100, 0, Buffer.alloc(50).fill(7)));
  must(n.world.send([
    n.world.instruction("close_buffer", { writer: who.publicKey, buffer: buffer(who) }),
    n.world.instruction("write_buffer", { writer: who.publicKey, buffer: buffer(who) }, { total: 10, offset: 0, data: Buffer.alloc(0) }),
  ], [who]));
  assert.equal(n.world.data(buffer(who)).subarray(8 + 32 + 4).toString("hex"), "00".repeat(10));
  const readOnly = n.world.instruction("close_buffer", { writer: who.publicKey, buffer: buffer(who) });
  readOnly.keys[0].isWritable = false;
  refused(n.world.send(readOnly, [who]), "NotWritable");
  must(close(who));
  refused(close(who), "WrongOwner");
});

test("closing a place and paying it rent in one transaction does not keep what it held", () => {
  const { n, place, open, add } = large(10);
  must(open());
  must(add(range(0, 3)));
  const payer = n.world.payer;
  must(n.world.send([
    n.world.instruction("close_signatures", { ...n.accounts, payer: payer.publicKey, signatures: place() }),
    web3.SystemProgram.transfer({ fromPubkey: payer.publicKey, toPubkey: place(), lamports: 10_000_000 }),
  ]));
  refused(add([4]), "WrongOwner");
  must(open());
  assert.equal(n.world.fetch("Signatures", place()).bitmap, 0);
});
