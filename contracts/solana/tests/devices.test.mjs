// Makers, models, batches, and the registration of devices.
import assert from "node:assert/strict";
import { toBytes, toHex } from "viem";
import { p256 } from "@noble/curves/p256";
import { ed25519 } from "@noble/curves/ed25519";
import { World, Network, must, refused, key, hash, le, sign, NOBODY, PROGRAM, SYSTEM, TOLERANCE, test, web3 } from "./rig.mjs";
import { Devices, Batch, deviceId, deviceKey, digestOf, check, SECP256K1, P256, ED25519 } from "./devices.mjs";

const TYPES = [SECP256K1, P256, ED25519];
const network = (world = new World(), label = "") => new Network(world, {}, { label }).ready(4, 2);
const ready = () => new Devices(network()).ready();
const registered = (d, type = SECP256K1, label = "one", change = {}) => {
  const k = deviceKey(type, label);
  must(d.register(k, change));
  return { k, at: d.device(k) };
};

/** The same in another network of the same runtime. */
const elsewhere = (d) => new Devices(network(d.world, "other"), { label: "other" }).ready();

test("a registry of devices opens once, by the network's owner", () => {
  const d = new Devices(network());
  refused(d.openRegistry(1n, { owner: d.owner.publicKey }, [d.owner]), "NotAuthorized");
  refused(d.openRegistry(1n, { registry: d.n.ledger }), "WrongAddress");
  const { events } = must(d.openRegistry(77n));
  assert.deepEqual(events, [{ name: "RegistryOpened", network: d.n.network.toBase58(), key_delay: 77n }]);
  assert.deepEqual(d.world.fetch("DeviceRegistry", d.n.registry), { network: d.n.network.toBase58(), key_delay: 77n, models: 0, batches: 0n, devices: 0n });
  d.world.pass(1);
  refused(d.openRegistry(1n), "AlreadyExists");
});

test("the owner adds and changes makers, and nobody else", () => {
  const d = ready();
  refused(d.setMaker({}, { owner: d.owner.publicKey }, [d.owner]), "NotAuthorized");
  refused(d.setMaker({ maker_id: 0 }), "ZeroKey");
  refused(d.setMaker({ account: NOBODY }), "ZeroKey");
  refused(d.setMaker({ maker_id: 2 }, { maker: d.maker(3) }), "WrongAddress");
  const settings = { maker_id: 1, account: d.makerAccount.publicKey, approver: d.approverAddress, quota: 10, active: true };
  const odd = d.world.instruction("set_maker", { ...d.n.accounts, owner: d.n.owner.publicKey, payer: d.world.payer.publicKey, maker: d.maker(1) }, { settings });
  odd.data[odd.data.length - 1] = 2;
  refused(d.world.send(odd, [d.n.owner]), "BadData");
  registered(d);
  const other = key("another maker").publicKey;
  const { events } = must(d.setMaker({ account: other, quota: 0, active: false }));
  assert.deepEqual(events, [{ name: "MakerSet", network: d.n.network.toBase58(), maker_id: 1, account: other.toBase58(), approver: toHex(d.approverAddress), quota: 0, active: 0 }]);
  const state = d.world.fetch("DeviceMaker", d.maker(1));
  assert.deepEqual([state.account, state.quota, state.active, state.issued], [other.toBase58(), 0, 0, 1]);
  // Another maker's account, of this network or of another, is not this one's.
  must(d.setMaker({ maker_id: 2 }));
  refused(d.setMaker({ maker_id: 1 }, { maker: d.maker(2) }), "WrongAccount");
  refused(d.setMaker({ maker_id: 1 }, { maker: elsewhere(d).maker(1) }), "WrongAccount");
});

test("an active maker adds models, numbered by the registry", () => {
  const d = ready();
  const { events } = must(d.addModel());
  assert.deepEqual(events, [{ name: "ModelAdded", network: d.n.network.toBase58(), model_id: 2, maker_id: 1, class: 7, capabilities: 5, cadence: 600, metadata: toHex(hash("model")) }]);
  const { name: _, network: at, ...fields } = events[0];
  assert.deepEqual(d.world.fetch("DeviceModel", d.model(2)), { network: at, ...fields });
  refused(d.addModel({}, [d.owner]), "NotMaker");
  const o = elsewhere(d);
  refused(d.addModel({ registry: o.n.registry }), "WrongAccount");
  refused(d.addModel({ maker: o.maker(1) }), "WrongAccount");
  refused(d.addModel({ model: d.model(9) }), "WrongAddress");
  must(d.setMaker({ active: false }));
  refused(d.addModel(), "MakerInactive");
});

test("a maker publishes batches and revokes them, active or not; the owner may revoke, too", () => {
  const d = ready();
  const root = hash("root");
  const { events } = must(d.publish(root, 5, { uri: "https://mühle.example/1" }));
  assert.deepEqual(events, [{ name: "BatchPublished", network: d.n.network.toBase58(), batch_id: 1n, maker_id: 1, root: toHex(root), count: 5, uri: "https://mühle.example/1" }]);
  assert.deepEqual(d.world.fetch("DeviceBatch", d.batch(1)), { network: d.n.network.toBase58(), batch_id: 1n, maker_id: 1, root: toHex(root), count: 5, registered: 0, revoked: 0 });
  refused(d.publish(root, 5, { uri: "x".repeat(201) }), "BadData");
  must(d.publish(root, 5, { uri: "x".repeat(200) }));
  refused(d.publish(root, 5, {}, [d.owner]), "NotMaker");
  refused(d.publish(root, 5, { batch: d.batch(9) }), "WrongAddress");
  must(d.setMaker({ active: false }));
  refused(d.publish(root, 5), "MakerInactive");
  const o = elsewhere(d);
  must(o.publish(root, 5));
  refused(d.revoke(1, d.owner), "NotMaker");
  refused(d.revoke(1, d.makerAccount, { batch: o.batch(1) }), "WrongAccount");
  refused(d.revoke(1, o.makerAccount, { maker: o.maker(1) }), "WrongAccount");
  const stranger = key("stranger");
  d.world.fund(stranger.publicKey);
  must(d.setMaker({ maker_id: 2, account: stranger.publicKey }));
  refused(d.revoke(1, stranger, { maker: d.maker(2) }), "WrongAccount");
  assert.deepEqual(must(d.revoke(1)).events, [{ name: "BatchRevoked", network: d.n.network.toBase58(), batch_id: 1n }]);
  assert.equal(d.world.fetch("DeviceBatch", d.batch(1)).revoked, 1);
  refused(d.revoke(1), "BatchClosed");
  must(d.revoke(2, d.n.owner));
});

test("a device of each curve registers with its own signature and its maker's", () => {
  const d = ready();
  TYPES.forEach((type, i) => {
    const k = deviceKey(type, "one");
    const r = d.registration(k);
    const { events } = must(d.register(k));
    const token = BigInt(i + 1);
    assert.deepEqual(events, [{
      name: "DeviceRegistered", network: d.n.network.toBase58(), token, device_id: toHex(k.id), owner: d.owner.publicKey.toBase58(), model_id: 1, key_type: type, batch_id: 0n,
      cell: r.cell, metadata: toHex(r.metadata), registered_at: d.world.now, public_key: toHex(k.publicKey),
    }]);
    assert.deepEqual(d.world.fetch("Device", d.device(k)), {
      network: d.n.network.toBase58(), token, owner: d.owner.publicKey.toBase58(), model_id: 1, status: 1, registered_at: d.world.now, cell: r.cell, key_type: type,
      device_id: toHex(k.id), pending_key_type: 0, pending_device_id: toHex(new Uint8Array(32)), ready_at: 0n,
    });
    assert.equal(d.world.fetch("DeviceMaker", d.maker(1)).issued, i + 1);
    assert.equal(d.world.fetch("DeviceRegistry", d.n.registry).devices, token);
    d.world.pass(1);
    refused(d.register(k), "AlreadyExists");
  });
});

test("a device signs all of its registration: whatever is changed afterwards is refused", () => {
  const d = ready();
  must(d.addModel());
  const other = d.n.paid[1].account.publicKey;
  for (const type of TYPES) {
    const k = deviceKey(type, "one");
    const signed = d.registration(k);
    const honest = digestOf(d.n, "register", 0n, k, signed);
    // The maker vouches by its account, so that nothing but the device's signature stands against the change.
    for (const change of [{ owner: other }, { model_id: 2 }, { cell: 1n }, { metadata: hash("other") }, { deadline: signed.deadline + 1n }]) {
      refused(d.register(k, { registration: change, digest: honest, vouched: "account" }), "BadDeviceSignature");
    }
    for (const digest of [
      digestOf(d.n, "rotate", 0n, k, signed), digestOf(d.n, "register", 1n, k, signed), digestOf(d.n, "register", 0n, deviceKey(type, "two"), signed),
      digestOf(d.n, "register", 0n, k, signed, { chain: hash("another cluster") }), digestOf(d.n, "register", 0n, k, signed, { registry: hash("another registry") }),
      digestOf(d.n, "register", 0n, k, signed, { kind: 0 }),
    ]) refused(d.register(k, { digest, vouched: "account" }), "BadDeviceSignature");
    refused(d.register(k, { signature: Buffer.alloc(type === SECP256K1 ? 0 : 64, 1), vouched: "account" }), "BadDeviceSignature");
  }
  const k = deviceKey(SECP256K1, "one");
  const digest = toHex(digestOf(d.n, "register", 0n, k, d.registration(k)));
  for (const bytes of [sign(digest, hash("another key")).bytes, sign(digest, k.secret, { high: true }).bytes, new Uint8Array(64), sign(digest, k.secret).bytes.slice(0, 63)]) {
    refused(d.register(k, { signature: Buffer.from(bytes) }), "BadDeviceSignature");
  }
});

test("only the runtime's own check of that key over that message, directly before, counts", () => {
  const d = ready();
  for (const type of [P256, ED25519]) {
    const k = deviceKey(type, "one");
    const thief = deviceKey(type, "thief");
    const digest = digestOf(d.n, "register", 0n, k, d.registration(k));
    const signatureOf = (who, message) => (type === P256 ? p256.sign(message, who.secret, { prehash: true, lowS: true }).toCompactRawBytes() : ed25519.sign(message, who.secret));
    const other = hash("another message");
    const idle = web3.ComputeBudgetProgram.setComputeUnitPrice({ microLamports: 0 });
    const attempt = (before) => d.register(k, { before });
    refused(attempt([]), "BadDeviceSignature");
    refused(d.register(k, { before: [], bare: true }), "BadDeviceSignature"); // the very first instruction has none before it
    refused(attempt([check(k, digest), idle]), "BadDeviceSignature");
    refused(attempt([check(thief, digest)]), "BadDeviceSignature");
    refused(attempt([check(k, other)]), "BadDeviceSignature");
    refused(attempt([check(k, Buffer.concat([digest, digest]))]), "BadDeviceSignature");
    // The right bytes, taken by another program, which checks no signature: to the system program they say "assign an account".
    const pawn = key(`pawn ${type}`);
    d.world.fund(pawn.publicKey);
    const assign = check(k, digest, { program: SYSTEM, signatureAt: 0, signature: new Uint8Array(64) });
    assign.keys = [{ pubkey: pawn.publicKey, isSigner: true, isWritable: true }];
    must(d.world.send([assign], [pawn]));
    d.world.put(pawn.publicKey, Buffer.alloc(0), SYSTEM);
    refused(d.register(k, { before: [assign], signers: [pawn] }), "BadDeviceSignature");
    // A check that takes its parts from another instruction (1: after the compute budget's) than the one whose bytes are read.
    const key1 = check(k, digest, { keyIn: 1, signature: signatureOf(thief, digest) });
    refused(attempt([check(thief, other), key1]), "BadDeviceSignature");
    const message1 = check(k, digest, { messageIn: 1, signature: signatureOf(k, other) });
    refused(attempt([check(k, other), message1]), "BadDeviceSignature");
    refused(attempt([check(k, digest), check(k, digest, { signatureIn: 1, signature: new Uint8Array(64) })]), "BadDeviceSignature");
    // Two checks in one instruction, of which only the first is looked at.
    const second = check(k, digest).data;
    const twice = check(k, digest, { count: 2 });
    const at = 14 + twice.data.length;
    const shift = (data, by) => { const out = Buffer.from(data); for (const o of [2, 6, 10]) out.writeUInt16LE(out.readUInt16LE(o) + by, o); return out; };
    twice.data = Buffer.concat([shift(twice.data, 14).subarray(0, 16), shift(second, at - 2 - 14 + 2).subarray(2, 16), twice.data.subarray(16), Buffer.alloc(2), second.subarray(16)]);
    twice.data.writeUInt16LE(at + 2, 16 + 4);
    for (const [o, rel] of [[16, 16 + k.checked.length], [20, 16], [24, 16 + k.checked.length + 64]]) twice.data.writeUInt16LE(at + rel - 16 + 2, o);
    refused(attempt([twice]), "BadDeviceSignature");
    // Another account in the sysvar's place, with the right bytes in it.
    const fake = key("fake sysvar").publicKey;
    const c = check(k, digest);
    const count = 2;
    const first = Buffer.concat([le(0, 2), c.programId.toBuffer(), le(c.data.length, 2), c.data]);
    d.world.put(fake, Buffer.concat([le(count, 2), le(2 + 2 * count, 2), le(0, 2), first, le(1, 2)]), new web3.PublicKey("Sysvar1111111111111111111111111111111111111"));
    refused(d.register(k, { before: [], accounts: { instructions: fake } }), "WrongAddress");
    // The instruction's own number stands for itself, and what follows the parts does not matter.
    must(attempt([check(k, digest, { keyIn: 1, messageIn: 1, signatureIn: 1, rest: Buffer.alloc(3) })]));
  }
});

test("a check without a signature counts for nothing", () => {
  const d = ready();
  const k = deviceKey(ED25519, "one");
  const digest = digestOf(d.n, "register", 0n, k, d.registration(k));
  // No program of the runtime checks what its header does not count; ours must not read it either.
  const empty = check(k, digest, { count: 0, signature: new Uint8Array(64) });
  const outcome = d.register(k, { before: [empty] });
  assert.ok(!outcome.ok);
});

test("a key has one device id: its form is checked, and that P-256's is a point", () => {
  const d = ready();
  const k = deviceKey(P256, "one");
  const bent = { ...k, publicKey: Uint8Array.from(k.publicKey) };
  bent.publicKey[40] ^= 1; // another y of the same parity, by which the runtime's check does not know it
  bent.id = deviceId(bent.type, bent.publicKey);
  refused(d.register(bent), "BadKey");
  for (const [type, length] of [[SECP256K1, 63], [P256, 65], [ED25519, 64], [0, 64], [4, 64], [SECP256K1, 32]]) {
    const odd = { ...deviceKey(SECP256K1, "odd"), type, publicKey: new Uint8Array(length).fill(3) };
    odd.id = deviceId(odd.type, odd.publicKey);
    refused(d.register(odd, { before: [], signature: Buffer.alloc(0) }), "BadKey");
  }
  for (let i = 0; i < 5; i++) must(d.register(deviceKey(P256, `point ${i}`)));
});

test("a maker vouches by signing the transaction or, with its approval key, the registration", () => {
  const d = ready();
  const k = deviceKey(ED25519, "one");
  const digest = toHex(digestOf(d.n, "register", 0n, k, d.registration(k)));
  refused(d.register(k, { vouched: "nobody" }), "BadMakerSignature");
  refused(d.register(k, { vouched: "nobody", accounts: { approver: d.owner.publicKey }, signers: [d.owner] }), "NotMaker");
  for (const bytes of [sign(digest, hash("another key")).bytes, sign(toHex(hash("another digest")), d.approver).bytes, sign(digest, d.approver, { high: true }).bytes,
    sign(digest, d.approver).bytes.slice(1), new Uint8Array(64)]) refused(d.register(k, { makerSignature: Buffer.from(bytes) }), "BadMakerSignature");
  const r = d.registration(k);
  const unsigned = d.world.instruction("register_device", {
    ...d.n.accounts, payer: d.world.payer.publicKey, maker: d.maker(1), model: d.model(1), device: d.device(k), payout: d.payout(r.owner), approver: d.makerAccount.publicKey,
  }, { registration: r, device_signature: Buffer.alloc(0), maker_signature: Buffer.alloc(0), proof: [] });
  unsigned.keys[9].isSigner = false;
  refused(d.world.send([check(k, toBytes(digest)), unsigned]), "NotSigner");
  must(d.register(k, { vouched: "account" }));
  must(d.register(deviceKey(ED25519, "two")));
  // Without an approval key only the account vouches: a signature that recovers to the zero address does not exist, and none is asked for.
  must(d.setMaker({ approver: new Uint8Array(20) }));
  refused(d.register(deviceKey(ED25519, "three")), "BadMakerSignature");
  must(d.register(deviceKey(ED25519, "three"), { vouched: "account" }));
});

test("a batch takes in the devices that stand in it with their model, as many as it says, until it is revoked", () => {
  const d = ready();
  must(d.addModel());
  const keys = TYPES.concat(TYPES).map((type, i) => deviceKey(type, `batch ${i}`));
  const batch = new Batch(keys.map((k) => [k.id, 1]));
  const inBatch = (i, id = 1n, change = {}) => d.register(keys[i], { registration: { batch_id: id, ...change.registration }, proof: batch.proof(i), ...change.rest });
  must(d.publish(batch.root, 3));
  const { events } = must(inBatch(4));
  assert.deepEqual([events[0].batch_id, events[0].device_id], [1n, toHex(keys[4].id)]);
  assert.equal(d.world.fetch("DeviceBatch", d.batch(1)).registered, 1);
  refused(inBatch(0, 1n, { rest: { proof: batch.proof(1) } }), "NotInBatch");
  refused(inBatch(0, 1n, { rest: { proof: [] } }), "NotInBatch");
  refused(inBatch(0, 1n, { registration: { model_id: 2 } }), "NotInBatch");
  refused(d.register(deviceKey(SECP256K1, "stranger"), { registration: { batch_id: 1n }, proof: batch.proof(0) }), "NotInBatch");
  // Another batch's account, of another maker or network.
  must(d.publish(batch.root, 3));
  refused(inBatch(0, 1n, { rest: { accounts: { batch: d.batch(2) } } }), "WrongRegistration");
  must(d.setMaker({ maker_id: 2, account: d.owner.publicKey }));
  must(d.publish(batch.root, 3, { maker: d.maker(2), account: d.owner.publicKey }, [d.owner]));
  refused(inBatch(0, 3n), "WrongRegistration");
  const o = elsewhere(d);
  must(o.publish(batch.root, 3));
  refused(inBatch(0, 1n, { rest: { accounts: { batch: o.batch(1) } } }), "WrongAccount");
  refused(inBatch(0, 1n, { rest: { accounts: { batch: d.model(1) } } }), "WrongAccount");
  must(inBatch(0));
  must(inBatch(1));
  refused(inBatch(2), "BatchExhausted");
  must(inBatch(2, 2n));
  must(d.revoke(2));
  refused(inBatch(3, 2n), "BatchClosed");
});

test("a device of a batch of 131,072 registers in one transaction, with a lookup table", () => {
  const d = ready();
  const k = deviceKey(P256, "one");
  // Only one branch of the tree is known: its siblings are any hashes.
  const proof = Array.from({ length: 17 }, (_, i) => hash(`sibling ${i}`));
  must(d.publish(Batch.rootOf(k.id, 1, proof), 131_072));
  const tables = [d.n.network, d.n.registry, d.maker(1), d.model(1), d.batch(1), d.payout(d.owner.publicKey), SYSTEM, PROGRAM, web3.SYSVAR_INSTRUCTIONS_PUBKEY];
  const outcome = must(d.register(k, { registration: { batch_id: 1n }, proof, tables }));
  assert.equal(outcome.events[0].device_id, toHex(k.id));
  assert.ok(outcome.size <= 1_232, `${outcome.size} bytes`);
});

test("registration is refused without room, in time, for an unknown owner, or with another's accounts", () => {
  const d = ready();
  const k = deviceKey(SECP256K1, "one");
  must(d.setMaker({ active: false }));
  refused(d.register(k), "MakerInactive");
  must(d.setMaker({ quota: 0 }));
  refused(d.register(k), "QuotaExceeded");
  must(d.setMaker());
  must(d.register(k, { registration: { deadline: d.world.now } }));
  const two = deviceKey(SECP256K1, "two");
  refused(d.register(two, { registration: { deadline: d.world.now - 1n } }), "Expired");
  refused(d.register(two, { registration: { nonce: 1n } }), "NonceMismatch");
  refused(d.register(two, { registration: { owner: key("no index").publicKey } }), "NoPayout");
  refused(d.register(two, { accounts: { payout: d.n.paid[1].payout } }), "WrongAccount");
  refused(d.register(two, { accounts: { payout: d.n.members[0].operator } }), "WrongAccount");
  refused(d.register(two, { accounts: { device: d.device(deviceKey(SECP256K1, "three")) } }), "WrongAddress");
  refused(d.register(two, { accounts: { device: d.device(k) } }), "WrongAddress");
  must(d.addModel());
  refused(d.register(two, { accounts: { model: d.model(2) } }), "WrongRegistration");
  must(d.setMaker({ maker_id: 2 }));
  refused(d.register(two, { accounts: { maker: d.maker(2) } }), "WrongAccount");
  const o = elsewhere(d);
  must(o.n.call("open_payout", { payer: d.world.payer.publicKey, payout: o.payout(d.owner.publicKey), page: o.n.paid[0].page }, { account: d.owner.publicKey }, []));
  refused(d.register(two, { accounts: { payout: o.payout(d.owner.publicKey) } }), "WrongAccount");
  refused(d.register(two, { accounts: { registry: o.n.registry } }), "WrongAccount");
  refused(d.register(two, { accounts: { maker: o.maker(1) } }), "WrongAccount");
  refused(d.register(two, { accounts: { model: o.model(1) } }), "WrongAccount");
  refused(d.register(two, { accounts: { system_program: PROGRAM } }), "WrongProgram");
  assert.equal(d.world.fetch("DeviceRegistry", d.n.registry).devices, 1n);
});

test("a device lives by its owner's and the network's word", () => {
  const d = ready();
  const { at } = registered(d);
  const stranger = d.n.paid[1].account;
  const said = (outcome) => must(outcome).events.map(({ network, ...e }) => e);
  refused(d.act("assert_cell", at, stranger, { cell: 5n }), "NotDeviceOwner");
  assert.deepEqual(said(d.act("assert_cell", at, d.owner, { cell: 5n })), [{ name: "CellAsserted", token: 1n, cell: 5n }]);
  assert.equal(d.world.fetch("Device", at).cell, 5n);
  refused(d.act("suspend_device", at, d.owner), "NotAuthorized");
  refused(d.act("reinstate_device", at, d.n.owner), "WrongDeviceStatus");
  assert.deepEqual(said(d.act("suspend_device", at, d.n.owner)), [{ name: "StatusChanged", token: 1n, from: 1, to: 2 }]);
  refused(d.act("suspend_device", at, d.n.owner), "WrongDeviceStatus");
  refused(d.act("assert_cell", at, d.owner, { cell: 6n }), "WrongDeviceStatus");
  refused(d.act("retire_device", at), "WrongDeviceStatus");
  refused(d.act("transfer_device", at, d.owner, { to: stranger.publicKey }, { payout: d.payout(stranger.publicKey) }), "WrongDeviceStatus");
  refused(d.act("reinstate_device", at, d.owner), "NotAuthorized");
  assert.deepEqual(said(d.act("reinstate_device", at, d.n.owner)), [{ name: "StatusChanged", token: 1n, from: 2, to: 1 }]);
  refused(d.act("retire_device", at, stranger), "NotDeviceOwner");
  const o = elsewhere(d);
  const foreign = registered(o, SECP256K1, "foreign").at;
  refused(d.act("suspend_device", foreign, d.n.owner), "WrongAccount");
  refused(d.act("suspend_device", d.model(1), d.n.owner), "WrongAccount");
  assert.deepEqual(said(d.act("retire_device", at)), [{ name: "StatusChanged", token: 1n, from: 1, to: 3 }]);
  for (const name of ["retire_device", "assert_cell"]) refused(d.act(name, at, d.owner, { cell: 1n }), "WrongDeviceStatus");
  refused(d.act("suspend_device", at, d.n.owner), "WrongDeviceStatus");
});

test("a device changes hands to who has a payout index, and a waiting key dies", () => {
  const d = ready();
  const { at } = registered(d);
  const to = d.n.paid[1].account;
  const transfer = (sender, whom, payout = d.payout(whom)) => d.act("transfer_device", at, sender, { to: whom }, { payout });
  must(d.scheduleKey(at, 1n, deviceKey(P256, "next")));
  refused(transfer(to, to.publicKey), "NotDeviceOwner");
  refused(transfer(d.owner, key("no index").publicKey), "NoPayout");
  refused(transfer(d.owner, to.publicKey, d.payout(d.owner.publicKey)), "WrongAccount");
  const { events } = must(transfer(d.owner, to.publicKey));
  assert.deepEqual(events.map(({ network, ...e }) => e), [{ name: "KeyRotationCancelled", token: 1n }, { name: "DeviceTransferred", token: 1n, from: d.owner.publicKey.toBase58(), to: to.publicKey.toBase58() }]);
  assert.equal(d.world.fetch("Device", at).owner, to.publicKey.toBase58());
  d.world.pass(10_000);
  refused(d.act("apply_key", at), "RotationNotReady");
  refused(transfer(d.owner, d.owner.publicKey), "NotDeviceOwner");
});

test("a key is rotated by its owner and the new key, after a delay, and once used is used for ever", () => {
  const d = ready();
  const { k, at } = registered(d);
  const [a, b] = [deviceKey(P256, "next"), deviceKey(ED25519, "after")];
  const stranger = d.n.paid[1].account;
  refused(d.scheduleKey(at, 1n, a, { owner: stranger }), "NotDeviceOwner");
  refused(d.scheduleKey(at, 1n, a, { registration: { owner: stranger.publicKey } }), "WrongRegistration");
  refused(d.scheduleKey(at, 1n, a, { registration: { model_id: 2 } }), "WrongRegistration");
  refused(d.scheduleKey(at, 1n, a, { registration: { batch_id: 1n } }), "WrongRegistration");
  refused(d.scheduleKey(at, 2n, a), "BadDeviceSignature");
  refused(d.scheduleKey(at, 1n, a, { digest: digestOf(d.n, "register", 0n, a, d.registration(a)) }), "BadDeviceSignature");
  refused(d.scheduleKey(at, 1n, a, { registration: { deadline: d.world.now - 1n } }), "Expired");
  refused(d.scheduleKey(at, 1n, k), "AlreadyExists");
  refused(d.scheduleKey(at, 1n, a, { accounts: { key: d.device(b) } }), "WrongAddress");
  refused(d.scheduleKey(at, 1n, a, { accounts: { registry: elsewhere(d).n.registry } }), "WrongAccount");
  refused(d.act("cancel_key", at), "RotationNotReady");
  const ready_at = d.world.now + 1_000n + TOLERANCE;
  const { events } = must(d.scheduleKey(at, 1n, a));
  assert.deepEqual(events.map(({ network, ...e }) => e), [{ name: "KeyRotationScheduled", token: 1n, device_id: toHex(a.id), key_type: P256, ready_at, public_key: toHex(a.publicKey) }]);
  assert.deepEqual(d.world.fetch("DeviceKey", d.device(a)), { network: d.n.network.toBase58(), device: at.toBase58(), token: 1n });
  // A second one replaces the first, whose key stays used.
  const replaced = must(d.scheduleKey(at, 1n, b)).events.map((e) => e.name);
  assert.deepEqual(replaced, ["KeyRotationCancelled", "KeyRotationScheduled"]);
  d.world.pass(1);
  refused(d.scheduleKey(at, 1n, a), "AlreadyExists");
  refused(d.register(a), "AlreadyExists");
  refused(d.act("apply_key", at), "RotationNotReady");
  d.world.setTime(ready_at - 1n);
  refused(d.act("apply_key", at), "RotationNotReady");
  must(d.act("suspend_device", at, d.n.owner));
  d.world.setTime(ready_at);
  refused(d.act("apply_key", at), "WrongDeviceStatus");
  refused(d.scheduleKey(at, 1n, deviceKey(P256, "more")), "WrongDeviceStatus");
  must(d.act("reinstate_device", at, d.n.owner));
  const applied = must(d.act("apply_key", at)).events.map(({ network, ...e }) => e);
  assert.deepEqual(applied, [{ name: "KeyRotated", token: 1n, old_device_id: toHex(k.id), new_device_id: toHex(b.id), key_type: ED25519 }]);
  const state = d.world.fetch("Device", at);
  assert.deepEqual([state.device_id, state.key_type, state.pending_key_type, state.pending_device_id, state.ready_at, state.token], [toHex(b.id), ED25519, 0, toHex(new Uint8Array(32)), 0n, 1n]);
  d.world.pass(1);
  refused(d.act("apply_key", at), "RotationNotReady");
  refused(d.register(k), "AlreadyExists");
  must(d.scheduleKey(at, 1n, deviceKey(SECP256K1, "last")));
  refused(d.act("cancel_key", at, stranger), "NotDeviceOwner");
  assert.deepEqual(must(d.act("cancel_key", at)).events.map((e) => e.name), ["KeyRotationCancelled"]);
  must(d.scheduleKey(at, 1n, deviceKey(SECP256K1, "very last")));
  assert.deepEqual(must(d.act("retire_device", at)).events.map((e) => e.name), ["KeyRotationCancelled", "StatusChanged"]);
});
