// contracts/vectors in the program itself. The vectors are of an EVM network, so its state is put in place as it was; every hash, signature
// and comparison is then the program's own.
import test from "node:test";
import assert from "node:assert/strict";
import { toBytes, toHex, pad } from "viem";
import { World, Network, must, refused, pda, vectors, web3, key, anchor, le } from "./rig.mjs";
import { Devices, Batch, digestOf } from "./devices.mjs";

const number = (value) => new anchor.BN(String(value));
const account = (address) => new web3.PublicKey(toBytes(pad(address, { size: 32 })));
const max64 = (1n << 64n) - 1n;

/** The vectors' network around report.json: domain, config, period, emission. */
async function vectorNetwork() {
  const { fields } = vectors("report");
  const config = vectors("config");
  const made = vectors("network");
  const parameters = { genesis: BigInt(fields.periodStart), epoch_length: BigInt(fields.periodEnd - fields.periodStart) };
  const n = new Network(new World(BigInt(fields.periodEnd)), parameters).ready(4);
  await n.world.tamper("Network", n.network, (v) => { v.emission_base = number(BigInt(fields.cumulativeTotal) + BigInt(fields.unallocated)); });
  await n.world.tamper("Ledger", n.ledger, (v) => { v.payout_count = 100; });
  await n.world.tamper("Distributor", n.distributor, (v) => { v.domain = [...toBytes(made.rewardDomain)]; v.max_capacity = v.capacity = number(max64); });
  await n.world.tamper("Config", n.config(1n), (v) => {
    v.digest = [...toBytes(config.digest)];
    made.operators.addresses.forEach((address, i) => { v.members[i] = { report_key: [...toBytes(address)], protocol_key: [...toBytes(made.operators.protocolKeys[i])] }; });
  });
  return n;
}

test("the golden report is accepted with its signatures, under its digest", async () => {
  const n = await vectorNetwork();
  const { bytes, digest, attestations } = vectors("report");
  const args = { report: toBytes(bytes), bitmap: attestations.bitmap, signatures: attestations.signatures.map((s) => toBytes(s)) };
  refused(n.call("attest", { config: n.config(1n) }, { ...args, report: toBytes(bytes.slice(0, -1) + (bytes.endsWith("9") ? "8" : "9")) }, []), "BadSignature");
  const { events } = must(n.call("attest", { config: n.config(1n) }, args, []));
  assert.equal(events[0].digest, digest);
  assert.equal(events[0].report, bytes);
});

test("the golden equivocation is one", async () => {
  const n = await vectorNetwork();
  const { bytes, digest, attestations, equivocation } = vectors("report");
  const signer = vectors("network").operators.addresses[equivocation.signers[0]];
  const operator = n.members[0].operator;
  await n.world.tamper("Operator", operator, (v) => { v.report_key = [...toBytes(signer)]; });
  n.world.put(n.mint, Buffer.from(n.world.data(n.mint)).fill(le(1_000_000, 8), 36, 44), new web3.PublicKey(n.world.read(n.mint).programAddress));
  const to = n.world.token("reporter", n.mint, n.world.payer.publicKey);
  const position = attestations.signers.indexOf(equivocation.signers[0]);
  const { events } = must(n.call("prove_equivocation", { reporter: n.world.payer.publicKey, config: n.config(1n), operator, to }, {
    report: toBytes(bytes), other_rest: toBytes(equivocation.bytes).subarray(64), signature: toBytes(attestations.signatures[position]), other_signature: toBytes(equivocation.signatures[0]),
  }, []));
  assert.deepEqual([events[0].report_key, events[0].digest_a, events[0].digest_b], [signer, digest, equivocation.digest]);
});

test("every leaf of the golden trees is where its proof says, and nowhere else", async () => {
  const n = await vectorNetwork();
  const { trees } = vectors("tree");
  const page = pda("page", n.network, le(0, 4));
  await n.world.tamper("Ledger", n.ledger, (v) => { v.payout_count = 0; });
  n.addPayout(key("makes the page"));
  let checked = 0;
  for (const tree of trees) {
    for (let index = 0; index < tree.leafCount; index += tree.leafCount > 20 ? 9 : 1) {
      const holder = account(tree.accounts[index]);
      const payout = key(`payout of ${holder}`).publicKey;
      const blank = n.world.data(n.paid[0].payout);
      n.world.put(payout, Buffer.concat([blank.subarray(0, 40), holder.toBuffer(), le(index, 4), holder.toBuffer(), blank.subarray(108)]));
      await n.world.tamper("Page", page, (v) => { v.claimed = v.claimed.map(() => number(0)); });
      await n.world.tamper("Distributor", n.distributor, (v) => {
        v.current = { root: [...toBytes(tree.root)], epoch: number(1), leaf_count: tree.leafCount, cumulative_total: number(tree.total) };
        v.level = v.total_claimed = number(0);
        v.capacity = number(1_000_000n);
      });
      const to = n.world.token("holder", n.mint, holder);
      n.world.put(n.vault, Buffer.from(n.world.data(n.vault)).fill(le(1_000_000n, 8), 64, 72), new web3.PublicKey(n.world.read(n.vault).programAddress));
      const claim = (change = {}) => n.call("claim", { sender: n.world.payer.publicKey, page, payout, to }, {
        root: toBytes(tree.root), leaf: { cumulative: BigInt(tree.cumulatives[index]), prefix: BigInt(tree.prefixes[index]), items_hash: toBytes(tree.itemsHashes[index]) },
        proof: tree.proofs[index].map((p) => toBytes(p)), ...change,
      }, []);
      if (BigInt(tree.cumulatives[index]) === 0n) {
        refused(claim(), "NothingToClaim");
        continue;
      }
      if (tree.proofs[index].length > 0) refused(claim({ proof: tree.proofs[index].map((p, i) => (i === 0 ? new Uint8Array(32).fill(1) : toBytes(p))) }), "BadProof");
      const { events } = must(claim());
      // 18 decimals exceed what Solana pays; the breaker lets half a million through.
      assert.deepEqual([events[0].index, events[0].amount], [index, 500_000n]);
      checked++;
    }
  }
  assert.ok(checked >= 35, `${checked} leaves`);
});

test("every golden fault is proven, and its honest siblings are not", async () => {
  const faults = vectors("faults");
  const leaf = (l, proof) => ({ index: l.index, account: account(l.account), leaf: { cumulative: BigInt(l.cumulative), prefix: BigInt(l.prefix), items_hash: toBytes(l.itemsHash) }, proof: proof.map((p) => toBytes(p)) });
  for (const name of ["wrongAccount", "decreased", "wrongPrefix", "firstPrefix", "wrongTotal"]) {
    const n = await vectorNetwork();
    const c = faults[name];
    const entry = (epoch, root, leafCount, total) => ({
      epoch: number(epoch), digest: [...toBytes(toHex(epoch, { size: 32 }))], rewards_root: [...toBytes(root)], cumulative_total: number(total), leaf_count: leafCount,
      claimable_at: number(n.world.now + 100n), status: 1, cancellations: 0,
    });
    await n.world.tamper("Ledger", n.ledger, (v) => {
      v.last_epoch = number(2);
      v.next_final = number(2);
      v.reports[1] = entry(1, faults.parent.root, faults.parent.leafCount, faults.parent.total);
      v.reports[2] = entry(2, c.root, c.leafCount, c.cumulativeTotal);
    });
    // Payout accounts of the vectors at their indexes; account 99 has none.
    await n.world.tamper("Ledger", n.ledger, (v) => { v.payout_count = 0; });
    n.addPayout(key("shape"));
    const shape = n.world.data(n.paid[0].payout);
    faults.accounts.forEach((address, index) => {
      const holder = account(address);
      n.world.put(pda("payout", n.network, holder), Buffer.concat([shape.subarray(0, 40), holder.toBuffer(), le(index, 4), holder.toBuffer(), shape.subarray(108)]));
    });
    const prove = (fault) => n.call("prove_tree_fault", { reporter: n.world.payer.publicKey, payout: pda("payout", n.network, account(c.leaf.account)) },
      { epoch: 2n, fault, leaf: leaf(c.leaf, c.proof), other: leaf(c.other, c.otherProof) }, []);
    for (const fault of [0, 1, 2, 3]) {
      if (fault !== c.fault) assert.ok(!prove(fault).ok, `${name} is no fault ${fault}`);
    }
    const { events } = must(prove(c.fault));
    assert.deepEqual([events[0].fault, events[0].index], [c.fault, c.leaf.index], name);
  }
});

test("devices of the golden registrations register, each by its signature over its digest", async () => {
  const golden = vectors("registrations");
  for (const g of golden.registrations.filter((one) => one.action === "register")) {
    const n = new Network(new World()).ready(4, 1);
    const d = new Devices(n).ready();
    await n.world.tamper("Network", n.network, (v) => { v.chain = [...toBytes(golden.chain)]; });
    const registry = new web3.PublicKey(toBytes(golden.registry));
    n.world.put(registry, n.world.data(n.registry));
    const model = key("golden model").publicKey;
    n.world.put(model, n.world.data(d.model(1)));
    await n.world.tamper("DeviceModel", model, (v) => { v.model_id = g.modelId; });
    const owner = new web3.PublicKey(toBytes(g.owner));
    must(n.call("open_payout", { payer: n.world.payer.publicKey, payout: d.payout(owner), page: n.paid[0].page }, { account: owner }, []));
    const change = { owner, model_id: g.modelId, batch_id: BigInt(g.batchId), cell: BigInt(g.cell), metadata: toBytes(g.metadata), nonce: BigInt(g.nonce), deadline: BigInt(g.deadline) };
    const k = { type: g.keyType, secret: toBytes(g.privateKey), publicKey: toBytes(g.publicKey), id: toBytes(g.deviceId), checked: toBytes(g.publicKey) };
    if (g.keyType === 2) k.checked = Uint8Array.from([2 | (k.publicKey[63] & 1), ...k.publicKey.subarray(0, 32)]);
    const accounts = { registry, model };
    if (change.batch_id !== 0n) {
      accounts.batch = key("golden batch").publicKey;
      must(d.publish(new Batch([[k.id, g.modelId]]).root, 1));
      n.world.put(accounts.batch, n.world.data(d.batch(1)));
      await n.world.tamper("DeviceBatch", accounts.batch, (v) => { v.batch_id = number(g.batchId); });
    }
    const signature = toBytes(g.signature);
    const by = g.keyType === 1 ? { signature: Buffer.from(signature) } : { check: { signature } };
    const { events } = must(d.register(k, { registration: change, digest: toBytes(g.digest), accounts, ...by, vouched: change.batch_id === 0n ? "account" : "batch" }));
    assert.equal(events[0].device_id, g.deviceId);
    assert.equal(toHex(digestOf(n, "register", 0n, k, d.registration(k, change), { chain: toBytes(golden.chain), registry: toBytes(golden.registry) })), g.digest);
  }
});
