// Honest actions: the registry, makers and their batches, devices and their keys.
import { toBytes, toHex } from "viem";
import { le, hash } from "../rig.mjs";
import { digestOf, check, Batch, SECP256K1 } from "../devices.mjs";
import { place } from "./basics.mjs";
import { addressOf, deviceKeyOf } from "./field.mjs";
import { of, one, act, somebody } from "./actions-settlement.mjs";

const registryOf = (f, n) => f.model.accounts.get(place("registry", n.key));
const freshKey = (f) => deviceKeyOf(1 + f.r.below(3), `fuzzed ${f.devices++}`);
const aMaker = (f, n) => one(f, n, "DeviceMaker", (m) => f.ring.has(m.account) && (m.active === 1 || f.r.chance(25)));
const aDevice = (f, n, holds = () => true) => one(f, n, "Device", (d) => f.ring.has(d.owner) && (holds(d) || f.r.chance(2)));
const owned = (d) => ({ accounts: { owner: d.owner, device: d.address } });

/** What a device signs with its fields, as the program's instructions take it. */
function signedBy(f, n, k, action, token, r) {
  const registry = f.key(place("registry", n.key));
  const digest = digestOf({ registry }, action, token, k, r, { chain: toBytes(n.chain) });
  f.note(toHex(digest), toHex(k.id));
  if (k.type === SECP256K1) return { digest, signature: Buffer.from(f.sign(toHex(digest), toHex(k.secret))), before: [] };
  const before = check(k, digest);
  const signature = before.data.subarray(16 + k.checked.length, 16 + k.checked.length + 64);
  f.signed.set(`${toHex(digest)} ${toHex(signature)}`, { publicKey: toHex(k.publicKey) });
  return { digest, signature: Buffer.alloc(0), before: [before] };
}

const registration = (f, k, owner, change) => ({
  key_type: k.type, public_key: Buffer.from(k.publicKey), owner: f.key(owner), batch_id: 0n, cell: BigInt(f.r.next()), metadata: hash("device"),
  nonce: 0n, deadline: f.now + BigInt(f.r.below(100)), ...change,
});

export const deviceActions = {
  open_registry: (f, n) => (registryOf(f, n) && f.r.chance(95) ? null : { accounts: { owner: n.owner, payer: f.payer }, args: { key_delay: 400n } }),
  set_maker(f, n) {
    const id = 1 + f.r.below(3);
    const before = f.model.accounts.get(place("maker", n.key, le(id, 4)));
    // Makers of the two networks are the same people under other numbers.
    const account = f.people[(id + (n.key < n.mint ? 1 : 2)) % 4].publicKey;
    const quota = (before?.issued ?? 0) + f.r.below(10) - (f.r.chance(10) ? 1 : 0);
    return {
      accounts: { owner: n.owner, payer: f.payer, maker: place("maker", n.key, le(id, 4)) },
      args: { settings: { maker_id: id, account, approver: toBytes(addressOf(f.approvers[id % 2])), quota: Math.max(quota, 0), active: f.r.chance(80) } },
    };
  },
  add_model: (f, n) => act(registryOf(f, n) && aMaker(f, n), (m) => ({
    accounts: { account: m.account, maker: m.address, model: place("model", n.key, le(registryOf(f, n).models + 1, 4)) },
    args: { settings: { class: f.r.below(9), capabilities: 5, cadence: 600, metadata: hash("model") } },
  })),
  publish_batch(f, n) {
    const m = registryOf(f, n) && aMaker(f, n);
    const model = m && one(f, n, "DeviceModel", (x) => x.maker_id === m.maker_id);
    if (!model || of(f, n, "DeviceBatch").length > 12) return null;
    const keys = [1, 2, 3].map(() => freshKey(f));
    const batch = new Batch(keys.map((k) => [k.id, model.model_id]));
    f.batches.set(toHex(batch.root), { keys, batch, model: model.model_id });
    f.note(toHex(batch.root));
    const id = registryOf(f, n).batches + 1n;
    return { accounts: { account: m.account, maker: m.address, batch: place("batch", n.key, le(id, 8)) }, args: { root: batch.root, count: f.r.chance(70) ? 1 : 2, uri: "https://maker.example" } };
  },
  revoke_batch(f, n) {
    const b = f.r.chance(30) ? one(f, n, "DeviceBatch", (x) => x.revoked === 0 || f.r.chance(10)) : null;
    const maker = b && f.model.accounts.get(place("maker", n.key, le(b.maker_id, 4)));
    return act(b, () => ({ accounts: { sender: f.r.chance(50) ? n.owner : maker.account, maker: place("maker", n.key, le(b.maker_id, 4)), batch: b.address } }));
  },
  register_device(f, n) {
    const model = one(f, n, "DeviceModel");
    const owner = somebody(f);
    const payout = place("payout", n.key, owner);
    if (!model || !registryOf(f, n) || (!f.model.accounts.has(payout) && !f.r.chance(10))) return null;
    const maker = { address: place("maker", n.key, le(model.maker_id, 4)), ...f.model.accounts.get(place("maker", n.key, le(model.maker_id, 4))) };
    if (maker.issued >= maker.quota && f.r.chance(80)) return null;
    const batch = f.r.chance(50) ? one(f, n, "DeviceBatch", (x) => x.maker_id === model.maker_id && f.batches.has(x.root) && (x.revoked === 0 || f.r.chance(10))) : null;
    const behind = batch && f.batches.get(batch.root);
    const at = f.r.below(3);
    // Now and then a key that is used already, here or in another network: its id is the same there, what it signed is not.
    const used = f.devices > 0 && f.r.chance(12) ? deviceKeyOf(1 + f.r.below(3), `fuzzed ${f.r.below(f.devices)}`) : null;
    const k = behind && !f.r.chance(20) ? behind.keys[at] : (used ?? freshKey(f));
    const slip = f.r.chance(12) ? f.r.pick([{ nonce: 1n }, { deadline: f.now - 1n }, { key_type: 9 }]) : {};
    const r = registration(f, k, owner, { model_id: behind?.model ?? model.model_id, batch_id: batch?.batch_id ?? 0n, ...slip });
    const { digest, signature, before } = signedBy(f, n, k, "register", 0n, r);
    const byAccount = !batch && f.ring.has(maker.account) && f.r.chance(50);
    const vouched = batch || byAccount ? Buffer.alloc(0) : Buffer.from(f.sign(toHex(digest), f.approvers.find((a) => (addressOf(a) === maker.approver) !== f.r.chance(6)) ?? f.approvers[0]));
    return {
      accounts: {
        payer: somebody(f), maker: maker.address, model: place("model", n.key, le(r.model_id, 4)), batch: batch?.address,
        device: place("device", n.key, k.id), payout, approver: byAccount ? maker.account : undefined,
      },
      args: { registration: r, device_signature: signature, maker_signature: vouched, proof: behind ? behind.batch.proof(at) : [] }, before,
    };
  },
  assert_cell: (f, n) => act(aDevice(f, n, (d) => d.status === 1), (d) => ({ ...owned(d), args: { cell: BigInt(f.r.next()) } })),
  retire_device: (f, n) => act(f.r.chance(30) && aDevice(f, n, (d) => d.status === 1), owned),
  suspend_device: (f, n) => act(one(f, n, "Device", (d) => d.status === 1 || f.r.chance(2)), (d) => ({ accounts: { owner: n.owner, device: d.address } })),
  reinstate_device: (f, n) => act(one(f, n, "Device", (d) => d.status === 2 || f.r.chance(2)), (d) => ({ accounts: { owner: n.owner, device: d.address } })),
  transfer_device(f, n) {
    const to = somebody(f);
    const payout = place("payout", n.key, to);
    if (!f.model.accounts.has(payout) && !f.r.chance(10)) return null;
    return act(aDevice(f, n, (d) => d.status !== 2), (d) => ({ accounts: { ...owned(d).accounts, payout }, args: { to: f.key(to) } }));
  },
  schedule_key: (f, n) => act(aDevice(f, n, (d) => d.status === 1), (d) => {
    const k = freshKey(f);
    const r = registration(f, k, d.owner, { model_id: d.model_id });
    const { signature, before } = signedBy(f, n, k, "rotate", d.token, r);
    return { accounts: { owner: d.owner, device: d.address, key: place("device", n.key, k.id) }, args: { registration: r, device_signature: signature }, before };
  }),
  cancel_key: (f, n) => act(f.r.chance(50) && aDevice(f, n, (d) => d.ready_at !== 0n), owned),
  apply_key: (f, n) => act(aDevice(f, n, (d) => d.ready_at !== 0n && (d.status === 1 || f.r.chance(20)) && (f.now >= d.ready_at || f.r.chance(5))), (d) => ({ accounts: { device: d.address } })),
};
