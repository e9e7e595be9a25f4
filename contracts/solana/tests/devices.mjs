// Devices for tests: keys of each curve, what they sign, the runtime's checks of it, batches.
import { createRequire } from "node:module";
import { secp256k1 } from "@noble/curves/secp256k1";
import { p256 } from "@noble/curves/p256";
import { ed25519 } from "@noble/curves/ed25519";
import { concat, keccak256, numberToHex, pad, toBytes, toHex, encodeAbiParameters } from "viem";
import { key, pda, hash, sign, le, must, CHAIN, web3 } from "./rig.mjs";

export const SECP256K1 = 1, P256 = 2, ED25519 = 3;
const PROGRAMS = { [P256]: "Secp256r1SigVerify1111111111111111111111111", [ED25519]: "Ed25519SigVerify111111111111111111111111111" };

export const deviceId = (type, publicKey) => toBytes(keccak256(concat([toHex(type, { size: 1 }), toHex(publicKey)])));

/** A device's key: type, public key as it is registered, and as the runtime's program takes it. */
export function deviceKey(type, label) {
  const secret = hash(`device ${type} ${label}`);
  const curve = { [SECP256K1]: secp256k1, [P256]: p256 }[type];
  const publicKey = curve ? curve.getPublicKey(secret, false).slice(1) : ed25519.getPublicKey(secret);
  const checked = type === P256 ? p256.getPublicKey(secret, true) : publicKey;
  return { type, secret, publicKey, checked, id: deviceId(type, publicKey) };
}

/** The digest that a device signs, by viem's encoder: EIP-712 with the owner in full and the network's own domain. */
export function digestOf(n, action, token, k, r, { chain = CHAIN, registry = n.registry.toBytes(), kind = 1 } = {}) {
  const domain = keccak256(concat([toHex("\x19DePIN device v1"), toHex(kind, { size: 1 }), toHex(chain), toHex(registry)]));
  const type = "DeviceAction(string action,uint256 tokenId,bytes32 deviceId,address owner,uint32 modelId,uint64 batchId,uint64 cell,bytes32 metadata,uint64 nonce,uint64 deadline)";
  const structure = keccak256(encodeAbiParameters(["bytes32", "bytes32", "uint256", "bytes32", "bytes32", "uint32", "uint64", "uint64", "bytes32", "uint64", "uint64"].map((t) => ({ type: t })), [
    keccak256(toHex(type)), keccak256(toHex(action)), token, toHex(k.id), toHex(r.owner.toBytes()), r.model_id, r.batch_id, r.cell, toHex(r.metadata), r.nonce, r.deadline,
  ]));
  return toBytes(keccak256(concat(["0x1901", domain, structure])));
}

/** The runtime's check of a signature as an instruction; `change` alters its numbers and parts. */
export function check(k, digest, change = {}) {
  const signature = change.signature ?? (k.type === P256 ? p256.sign(digest, k.secret, { prehash: true, lowS: true }).toCompactRawBytes() : ed25519.sign(digest, k.secret));
  const [keyAt, signatureAt] = [16, 16 + k.checked.length];
  const messageAt = signatureAt + 64;
  const h = { count: 1, signatureAt, signatureIn: 0xffff, keyAt, keyIn: 0xffff, messageAt, messageSize: digest.length, messageIn: 0xffff, ...change };
  const numbers = [h.signatureAt, h.signatureIn, h.keyAt, h.keyIn, h.messageAt, h.messageSize, h.messageIn].map((v) => le(v, 2));
  return new web3.TransactionInstruction({
    programId: new web3.PublicKey(change.program ?? PROGRAMS[k.type]), keys: [],
    data: Buffer.concat([Buffer.from([h.count, 0]), ...numbers, k.checked, signature, digest, change.rest ?? Buffer.alloc(0)]),
  });
}

/** The tree over keccak(keccak(device id · model id)), pairs in ascending order, an odd node moving up. */
export class Batch {
  constructor(devices) {
    const leaf = ([id, model]) => keccak256(keccak256(concat([toHex(id), pad(numberToHex(model), { size: 32 })])));
    this.levels = [devices.map(leaf)];
    while (this.levels.at(-1).length > 1) {
      const below = this.levels.at(-1);
      this.levels.push(Array.from({ length: Math.ceil(below.length / 2) }, (_, i) => (2 * i + 1 === below.length ? below[2 * i] : keccak256(concat([below[2 * i], below[2 * i + 1]].sort())))));
    }
    this.root = toBytes(this.levels.at(-1)[0]);
  }

  /** The root over a leaf whose siblings are `proof`, bottom first. */
  static rootOf(id, model, proof) {
    const leaf = keccak256(keccak256(concat([toHex(id), pad(numberToHex(model), { size: 32 })])));
    return toBytes(proof.reduce((node, sibling) => keccak256(concat([node, toHex(sibling)].sort())), leaf));
  }

  proof(index) {
    return this.levels.slice(0, -1).map((level, d) => level[(index >> d) ^ 1]).filter(Boolean).map((node) => toBytes(node));
  }
}

/** A network's registry with a maker, a model and an owner who has a payout index. */
export class Devices {
  constructor(n, { label = "" } = {}) {
    this.n = n;
    this.world = n.world;
    this.makerAccount = key(`maker ${label}`);
    this.approver = hash(`approver ${label}`);
    this.owner = n.paid[0].account;
    this.world.fund(this.makerAccount.publicKey);
  }

  maker(id) { return pda("maker", this.n.network, le(id, 4)); }
  model(id) { return pda("model", this.n.network, le(id, 4)); }
  batch(id) { return pda("batch", this.n.network, le(id, 8)); }
  device(k) { return pda("device", this.n.network, k.id); }
  payout(owner) { return pda("payout", this.n.network, owner); }
  get approverAddress() { return toBytes(`0x${keccak256(secp256k1.getPublicKey(this.approver, false).slice(1)).slice(26)}`); }

  openRegistry(keyDelay = 1_000n, accounts = {}, signers = [this.n.owner]) {
    return this.n.call("open_registry", { owner: this.n.owner.publicKey, payer: this.world.payer.publicKey, ...accounts }, { key_delay: keyDelay }, signers);
  }

  setMaker(change = {}, accounts = {}, signers = [this.n.owner]) {
    const settings = { maker_id: 1, account: this.makerAccount.publicKey, approver: this.approverAddress, quota: 10, active: true, ...change };
    return this.n.call("set_maker", { owner: this.n.owner.publicKey, payer: this.world.payer.publicKey, maker: this.maker(settings.maker_id), ...accounts }, { settings }, signers);
  }

  addModel(accounts = {}, signers = [this.makerAccount]) {
    const id = this.world.fetch("DeviceRegistry", this.n.registry).models + 1;
    return this.n.call("add_model", { account: signers[0].publicKey, maker: this.maker(1), model: this.model(id), ...accounts },
      { settings: { class: 7, capabilities: 5, cadence: 600, metadata: hash("model") } }, signers);
  }

  publish(root, count, { uri = "https://maker.example/batch", ...accounts } = {}, signers = [this.makerAccount]) {
    const id = this.world.fetch("DeviceRegistry", this.n.registry).batches + 1n;
    return this.n.call("publish_batch", { account: signers[0].publicKey, maker: this.maker(1), batch: this.batch(id), ...accounts }, { root, count, uri }, signers);
  }

  revoke(id, sender = this.makerAccount, accounts = {}) {
    return this.n.call("revoke_batch", { sender: sender.publicKey, maker: this.maker(1), batch: this.batch(id), ...accounts }, {}, [sender]);
  }

  ready() {
    for (const outcome of [this.openRegistry(), this.setMaker(), this.addModel()]) must(outcome);
    return this;
  }

  registration(k, change = {}) {
    return { key_type: k.type, public_key: Buffer.from(k.publicKey), owner: this.owner.publicKey, model_id: 1, batch_id: 0n, cell: 0x8a1fb46622dffffn, metadata: hash("device"), nonce: 0n, deadline: this.world.now + 100n, ...change };
  }

  /** Everything that registers a device, honest but for what is changed: { registration, digest, signature, check, vouched, proof, accounts, signers }. */
  register(k, change = {}) {
    const r = this.registration(k, change.registration);
    const digest = change.digest ?? digestOf(this.n, "register", 0n, k, r);
    const vouched = change.vouched ?? (r.batch_id === 0n ? "approver" : "batch");
    const signature = change.signature ?? (k.type === SECP256K1 ? Buffer.from(sign(toHex(digest), k.secret).bytes) : Buffer.alloc(0));
    const makerSignature = change.makerSignature ?? (vouched === "approver" ? Buffer.from(sign(toHex(digest), this.approver).bytes) : Buffer.alloc(0));
    const accounts = {
      payer: this.world.payer.publicKey, maker: this.maker(1), model: this.model(r.model_id), device: this.device(k), payout: this.payout(r.owner),
      ...(r.batch_id === 0n ? {} : { batch: this.batch(r.batch_id) }), ...(vouched === "account" ? { approver: this.makerAccount.publicKey } : {}), ...change.accounts,
    };
    const instruction = this.world.instruction("register_device", { ...this.n.accounts, ...accounts }, { registration: r, device_signature: signature, maker_signature: makerSignature, proof: change.proof ?? [] });
    const before = change.before ?? (k.type === SECP256K1 ? [] : [check(k, digest, change.check)]);
    return this.world.send([...before, instruction], [this.makerAccount, ...(change.signers ?? [])], { bare: change.bare, tables: change.tables });
  }

  scheduleKey(device, token, k, change = {}) {
    const r = this.registration(k, change.registration);
    const digest = change.digest ?? digestOf(this.n, "rotate", token, k, r);
    const signature = change.signature ?? (k.type === SECP256K1 ? Buffer.from(sign(toHex(digest), k.secret).bytes) : Buffer.alloc(0));
    const owner = change.owner ?? this.owner;
    const instruction = this.world.instruction("schedule_key", { ...this.n.accounts, owner: owner.publicKey, device, key: this.device(k), ...change.accounts }, { registration: r, device_signature: signature });
    return this.world.send([...(k.type === SECP256K1 ? [] : [check(k, digest)]), instruction], [owner]);
  }

  act(name, device, sender = this.owner, args = {}, accounts = {}) {
    return this.n.call(name, { owner: sender.publicKey, device, ...accounts }, args, [sender]);
  }
}
