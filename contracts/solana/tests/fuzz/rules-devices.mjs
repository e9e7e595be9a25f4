// Rules of the model: makers, models, batches, devices and their keys.
import { concat, toBytes, toHex } from "viem";
import { le, web3 } from "../rig.mjs";
import { digestOf, deviceId, Batch, SECP256K1, ED25519, P256 } from "../devices.mjs";
import { need, later, place, TOLERANCE, NONE, ZERO } from "./basics.mjs";

const [ACTIVE, SUSPENDED, RETIRED] = [1, 2, 3];
const CHECKERS = { [P256]: "Secp256r1SigVerify1111111111111111111111111", [ED25519]: "Ed25519SigVerify111111111111111111111111111" };
const SYSVAR = web3.SYSVAR_INSTRUCTIONS_PUBKEY.toBase58();
const NOBODY = `0x${"00".repeat(20)}`;

export const devices = {
  open_registry({ a, args, key }, n) {
    need(a.owner === n.owner, "not the owner");
    this.make(a.registry, place("registry", key), "DeviceRegistry", { network: key, key_delay: args.key_delay, models: 0, batches: 0n, devices: 0n });
  },

  set_maker({ a, args: { settings: s }, key }, n) {
    need(a.owner === n.owner && s.maker_id !== 0 && s.account !== NONE, "not the owner, or zero");
    const at = place("maker", key, le(s.maker_id, 4));
    const maker = this.accounts.get(a.maker) ?? this.make(a.maker, at, "DeviceMaker", { network: key, maker_id: s.maker_id, issued: 0, most: 0 });
    need(a.maker === at, "another maker");
    Object.assign(maker, { account: s.account, approver: s.approver, quota: s.quota, active: s.active ? 1 : 0, most: Math.max(maker.most, s.quota) });
  },

  maker(c) {
    const maker = this.get(c.a.maker, "DeviceMaker", c.key);
    need(maker.account === c.a.account && maker.active === 1, "not the maker, or not active");
    return maker;
  },

  add_model(c) {
    const maker = this.maker(c);
    const id = ++c.registry.models;
    this.make(c.a.model, place("model", c.key, le(id, 4)), "DeviceModel", { network: c.key, model_id: id, maker_id: maker.maker_id, ...c.args.settings });
  },

  publish_batch(c) {
    const maker = this.maker(c);
    const id = ++c.registry.batches;
    need(Buffer.byteLength(c.args.uri) <= 200, "too long");
    const { root, count } = c.args;
    this.make(c.a.batch, place("batch", c.key, le(id, 8)), "DeviceBatch", { network: c.key, batch_id: id, maker_id: maker.maker_id, root, count, registered: 0, revoked: 0 });
  },

  revoke_batch(c, n) {
    const [maker, batch] = [this.get(c.a.maker, "DeviceMaker", c.key), this.get(c.a.batch, "DeviceBatch", c.key)];
    need(batch.maker_id === maker.maker_id && [maker.account, n.owner].includes(c.a.sender) && batch.revoked === 0, "not one's own, or revoked");
    batch.revoked = 1;
  },

  /** The key is of its form, in time, and signed the digest. Returns id and digest. */
  proven(c, n, action, token, r, signature) {
    need(r.public_key.length === 2 + 2 * ({ [SECP256K1]: 64, [P256]: 64, [ED25519]: 32 }[r.key_type] ?? NaN), "form of the key");
    need(c.now <= r.deadline && r.nonce === 0n, "too late, or a nonce");
    const id = toHex(deviceId(r.key_type, toBytes(r.public_key)));
    const fields = { ...r, owner: new web3.PublicKey(r.owner), metadata: toBytes(r.metadata) };
    const digest = toHex(digestOf({ registry: new web3.PublicKey(c.a.registry) }, action, token, { id: toBytes(id) }, fields, { chain: toBytes(n.chain) }));
    if (r.key_type === SECP256K1) {
      need(this.signer(digest, signature)?.publicKey === r.public_key, "the device did not sign");
    } else {
      need(signature === "0x" || signature.length === 0, "a signature too many");
      need(c.a.instructions === SYSVAR && this.checked(c.before, r, digest), "no check of the device's signature before");
    }
    return { id, digest };
  },

  /** The instruction before is the runtime's check of one signature, wholly in itself, of that key over that digest. */
  checked(before, r, digest) {
    const data = before && Buffer.from(before.data);
    if (before?.programId.toBase58() !== CHECKERS[r.key_type] || data[0] !== 1) return false;
    const [signatureAt, signatureIn, keyAt, keyIn, messageAt, size, messageIn] = Array.from({ length: 7 }, (_, i) => data.readUInt16LE(2 + 2 * i));
    const publicKey = r.key_type === P256 ? concat([toHex(Buffer.from([2 | (parseInt(r.public_key.slice(-2), 16) & 1)])), r.public_key.slice(0, 66)]) : r.public_key;
    const at = (from, length) => toHex(data.subarray(from, from + length));
    return [signatureIn, keyIn, messageIn].every((i) => i === 0xffff) && size === 32 && at(messageAt, 32) === digest && at(keyAt, (publicKey.length - 2) / 2) === publicKey
      && this.signer(digest, at(signatureAt, 64))?.publicKey === r.public_key;
  },

  register_device(c, n) {
    const { a, args: { registration: r, device_signature, maker_signature, proof }, key } = c;
    const [maker, model] = [this.get(a.maker, "DeviceMaker", key), this.get(a.model, "DeviceModel", key)];
    need(this.get(a.payout, "Payout", key).account === r.owner, "the owner has no payout index");
    need(model.model_id === r.model_id && model.maker_id === maker.maker_id && maker.active === 1 && maker.issued < maker.quota, "model, maker or quota");
    const { id, digest } = this.proven(c, n, "register", 0n, r, device_signature);
    if (r.batch_id === 0n) {
      if (maker_signature === "0x" || maker_signature.length === 0) need(a.approver === maker.account && c.isSigned(a.approver), "the maker did not sign");
      else need(maker.approver !== NOBODY && this.signer(digest, maker_signature)?.address === maker.approver, "the maker did not sign");
    } else {
      const batch = this.get(a.batch, "DeviceBatch", key);
      need(batch.batch_id === r.batch_id && batch.maker_id === maker.maker_id && batch.revoked === 0 && batch.registered < batch.count, "batch");
      need(toHex(Batch.rootOf(toBytes(id), r.model_id, proof.map((one) => toBytes(one)))) === batch.root, "not in the batch");
      batch.registered++;
    }
    maker.issued++;
    const token = ++c.registry.devices;
    this.make(a.device, place("device", key, id), "Device", {
      network: key, token, owner: r.owner, model_id: r.model_id, status: ACTIVE, registered_at: c.now, cell: r.cell, key_type: r.key_type,
      device_id: id, ...noKey,
    });
  },

  own_device(c) {
    const device = this.get(c.a.device, "Device", c.key);
    need(device.owner === c.a.owner, "another's device");
    return device;
  },

  assert_cell(c) {
    const device = this.own_device(c);
    need(device.status === ACTIVE, "status");
    device.cell = c.args.cell;
  },

  retire_device(c) {
    const device = this.own_device(c);
    need(device.status === ACTIVE, "status");
    Object.assign(device, { status: RETIRED, ...noKey });
  },

  suspend_device(c, n) {
    this.setStatus(c, n, ACTIVE, SUSPENDED);
  },

  reinstate_device(c, n) {
    this.setStatus(c, n, SUSPENDED, ACTIVE);
  },

  setStatus(c, n, from, to) {
    const device = this.get(c.a.device, "Device", c.key);
    need(c.a.owner === n.owner && device.status === from, "not the owner, or another status");
    device.status = to;
  },

  transfer_device(c) {
    const device = this.own_device(c);
    need(this.get(c.a.payout, "Payout", c.key).account === c.args.to && device.status !== SUSPENDED, "the receiver has no payout index, or suspended");
    Object.assign(device, { owner: c.args.to, ...noKey });
  },

  schedule_key(c, n) {
    const { a, args: { registration: r, device_signature }, key } = c;
    const device = this.own_device(c);
    need(device.status === ACTIVE && r.owner === a.owner && r.model_id === device.model_id && r.batch_id === 0n, "status, or not of this device");
    const { id } = this.proven(c, n, "rotate", device.token, r, device_signature);
    this.make(a.key, place("device", key, id), "DeviceKey", { network: key, device: a.device, token: device.token });
    Object.assign(device, { pending_key_type: r.key_type, pending_device_id: id, ready_at: later(c.now, later(c.registry.key_delay, TOLERANCE)) });
  },

  cancel_key(c) {
    const device = this.own_device(c);
    need(device.ready_at !== 0n, "none waits");
    Object.assign(device, noKey);
  },

  apply_key(c) {
    const device = this.get(c.a.device, "Device", c.key);
    need(device.status === ACTIVE && device.ready_at !== 0n && c.now >= device.ready_at, "none waits long enough");
    Object.assign(device, { device_id: device.pending_device_id, key_type: device.pending_key_type, ...noKey });
  },
};

const noKey = { pending_key_type: 0, pending_device_id: ZERO, ready_at: 0n };
