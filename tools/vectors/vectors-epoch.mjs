// A whole epoch, worked out by a second implementation of docs/protocol.md, "Epoch computation": written from the document, not from the C#.
// Its one class, the tally, is small enough to be written twice: payload = weight u32; every item is accepted with full quality; rule 1 claims
// the weights of a device; the state is the u64 count of all items ever accepted.
import { ed25519 } from '@noble/curves/ed25519';
import { network } from './network.mjs';
import { ZERO, bytes, cat, fixed, hex, i64, keccak, sha, size, tag, u128, u16, u32, u64, u8, word } from './layout.mjs';
import { account, lineBytes, lineHash, nextItems, positionalTree, rewardTree } from './tree.mjs';

const CLASS = 9;
const parameters = {
  classes: [{ class: CLASS, parameters: {}, poolBps: 7500, rulesVersion: 1 }],
  epochGraceSeconds: 0, lateSeconds: 600, minimumStakePerDevice: '1000', name: 'epoch vector', proofsPerDevice: 3, replayShiftSeconds: 3600,
};
const parametersJson = JSON.stringify(parameters);
const rulesHash = keccak(tag('rules'), u16(CLASS), u16(1));
const configPreimage = cat(
  tag('config'), u8(network.kind), network.chain, word(network.verifier), word(network.distributor), word(network.token), u64(1), u64(1),
  u8(network.operators.length), u8(network.quorum), ...network.operators.flatMap((o) => [o.address, o.protocolKey]),
  keccak(hex(Buffer.from(parametersJson))), rulesHash,
);
const configDigest = keccak(configPreimage);
const [start, end] = [1_700_006_400, 1_700_092_800];
const budget = 1_000_003n;

const device = (i, owner, status = 1, kind = CLASS) => {
  const seed = fixed(`epoch device ${i}`);
  const publicKey = hex(ed25519.getPublicKey(bytes(seed)));
  return { seed, publicKey, id: keccak(u8(3), publicKey), token: i + 1, owner: word(account(owner)), status, class: kind };
};
// Account 0 owns three devices and has stake for two; account 2 has no payout index.
const devices = [device(0, 0), device(1, 0), device(2, 0), device(3, 1), device(4, 1, 2), device(5, 2), device(6, 1, 1, 10)];
const accounts = [word(account(1)), word(account(0)), word(account(9))];
const stakes = [{ provider: word(account(0)), amount: 2_999n }, { provider: word(account(1)), amount: 10_000n }, { provider: word(account(2)), amount: 1_000n }];
const ascending = (key) => (a, b) => (key(a) < key(b) ? -1 : 1);

const snapshot = cat(
  tag('snapshot'), u64(4800), fixed('anchor'), u64(end - 24), fixed('seed block'), u128(budget), u32(size(configPreimage)), configPreimage,
  u32(devices.length),
  ...[...devices].sort(ascending((d) => d.id)).flatMap((d) => [
    d.id, u64(d.token), d.owner, u8(d.status), u16(d.class), u32(1), u32(0), u32(3600), u64(0), u64(start), fixed(`metadata ${d.token}`), u8(3), d.publicKey,
  ]),
  u32(accounts.length), ...accounts,
  u32(stakes.length), ...[...stakes].sort(ascending((s) => s.provider)).flatMap((s) => [s.provider, u128(s.amount)]),
);

function sign(d, sequence, seconds, weight, { schema = 1, networkId = network.id, kind = CLASS, payload = u32(weight) } = {}) {
  const envelope = cat(tag('proof'), networkId, u16(kind), u16(schema), d.id, u64(sequence), u64(seconds * 1000), u32(size(payload)), payload);
  return { device: d, sequence: BigInt(sequence), timeMs: seconds * 1000, weight: BigInt(weight), schema, networkId, kind, payload, envelope, id: sha(envelope), signature: hex(ed25519.sign(bytes(envelope), bytes(d.seed))) };
}
const forge = (proof) => ({ ...proof, signature: cat(proof.signature.slice(0, 22), '0x00', `0x${proof.signature.slice(24)}`), forged: true });

const deferredBefore = [sign(devices[3], 50, start + 5, 400)];
const previousState = {
  // Device 0 has sent 5 and 10 so far, device 3 only 50.
  watermarks: [{ device: devices[0].id, sequence: 10n, seen: [5n] }, { device: devices[3].id, sequence: 50n, seen: [] }].sort(ascending((w) => w.device)),
  count: 41n,
  ledger: [{ account: accounts[0], cumulative: 500n, itemsHash: fixed('items before') }],
  deferred: deferredBefore,
};

const day = end - start;
const evidence = [
  sign(devices[0], 11, start, 10), sign(devices[0], 12, end - 1, 20), sign(devices[0], 13, start + 60, 30), sign(devices[0], 14, start + 90, 40),
  sign(devices[0], 10, start + 10, 99), sign(devices[0], 5, start + 10, 98), // replayed
  sign(devices[0], 9, start + 11, 11), // was on its way
  sign(devices[3], 200, start + 12, 13), // leaves everything up to 135 behind
  sign(devices[1], 1, start - 600, 7), sign(devices[1], 2, start - 601, 7), // late, too late
  sign(devices[1], 3, end, 8), sign(devices[1], 4, end + day, 8), // waits, from the future
  sign(devices[2], 1, start + 1, 1_000_000), // not staked
  sign(devices[3], 51, start + 7, 5), sign(devices[3], 51, start + 8, 6), // conflict
  sign(devices[3], 52, start + 9, 3), forge(sign(devices[3], 52, start + 9, 3)), forge(sign(devices[3], 99, start + 9, 3)),
  sign(devices[3], 50, start + 5, 400), // waits in the state already
  sign(devices[3], 60, start + 9, 3, { schema: 2 }), sign(devices[3], 61, start + 9, 3, { payload: '0x01' }),
  sign(devices[3], 62, start + 9, 3, { kind: 8 }), sign(devices[3], 63, start + 9, 3, { networkId: fixed('another network') }),
  sign(devices[4], 1, start + 9, 3), sign(devices[5], 1, start + 9, 3), sign(devices[6], 1, start + 9, 3),
  sign(device(7, 1), 1, start + 9, 3),
];

function standing() {
  const covered = new Map(stakes.map((s) => [s.provider, s.amount / BigInt(parameters.minimumStakePerDevice)]));
  const fault = new Map();
  for (const d of [...devices].sort((a, b) => a.token - b.token)) {
    const left = covered.get(d.owner) ?? 0n;
    if (d.status !== 1) fault.set(d.id, 6 + 1);
    else if (left === 0n) fault.set(d.id, 8);
    else {
      covered.set(d.owner, left - 1n);
      fault.set(d.id, accounts.includes(d.owner) ? 0 : 9);
    }
  }
  return fault;
}

function admit() {
  const byId = new Map();
  for (const proof of evidence) if (!deferredBefore.some((p) => p.id === proof.id)) byId.set(proof.id, [...(byId.get(proof.id) ?? []), proof]);
  const known = new Map(devices.map((d) => [d.id, d]));
  const faults = standing();
  const verdicts = new Map();
  const watermarks = new Map(previousState.watermarks.map((w) => [w.device, [w.sequence, ...w.seen]]));
  const before = new Map(watermarks);
  const replayed = (all, sequence) => all.includes(sequence) || all.some((s) => s - sequence > 64n);
  const rejected = new Map();
  const refuse = (proof, reason, counts = true) => {
    verdicts.set(proof.id, reason);
    if (counts && known.has(proof.device.id)) rejected.set(proof.device.id, (rejected.get(proof.device.id) ?? 0) + 1);
  };

  const authentic = [];
  for (const copies of byId.values()) {
    const proof = copies[0];
    if (proof.networkId !== network.id) refuse(proof, 2, false);
    else if (!known.has(proof.device.id)) refuse(proof, 3);
    else if (!copies.some((c) => ed25519.verify(bytes(c.signature), bytes(c.envelope), bytes(c.device.publicKey)))) refuse(proof, 4, false);
    else if (replayed(before.get(proof.device.id) ?? [], proof.sequence)) refuse(proof, 5, false);
    else authentic.push(proof);
  }
  for (const proof of authentic) watermarks.set(proof.device.id, [...(watermarks.get(proof.device.id) ?? []), proof.sequence]);

  const items = [];
  const waiting = [];
  const [judged, waits] = [new Map(), new Map()];
  const count = (map, proof) => map.set(proof.device.id, (map.get(proof.device.id) ?? 0) + 1).get(proof.device.id);
  const carried = deferredBefore.map((p) => ({ ...p, carried: true }));
  for (const proof of [...carried, ...authentic].sort((a, b) => (a.sequence < b.sequence ? -1 : 1))) {
    const twins = authentic.filter((p) => p.device.id === proof.device.id && p.sequence === proof.sequence);
    const lengthOk = size(proof.payload) === 4;
    if (!proof.carried && twins.length > 1) refuse(proof, 6);
    else if (faults.get(proof.device.id) !== 0) refuse(proof, faults.get(proof.device.id));
    else if (proof.kind !== CLASS) refuse(proof, 10);
    else if (proof.device.class !== proof.kind) refuse(proof, 11);
    else if (proof.schema !== 1) refuse(proof, 12);
    else if (!lengthOk) refuse(proof, 13);
    else if (proof.timeMs >= end * 1000 && (proof.carried || proof.timeMs >= (end + day) * 1000)) refuse(proof, 14);
    else if (proof.timeMs >= end * 1000) (count(waits, proof) > parameters.proofsPerDevice ? (p) => refuse(p, 16) : (p) => waiting.push(p))(proof);
    else if (proof.timeMs < (start - parameters.lateSeconds) * 1000) refuse(proof, 15);
    else if (count(judged, proof) > parameters.proofsPerDevice) refuse(proof, 16);
    else {
      verdicts.set(proof.id, 0);
      items.push(proof);
    }
  }
  return { verdicts, items, waiting, watermarks, rejected };
}

// The highest sequence, and a bit for each of the 64 below it that was there.
function mark(device, sequences) {
  const sequence = sequences.reduce((a, b) => (a > b ? a : b));
  const seen = [...new Set(sequences)].map((s) => sequence - s).filter((d) => d >= 1n && d <= 64n).reduce((bits, d) => bits | (1n << (d - 1n)), 0n);
  return cat(device, u64(sequence), u64(seen));
}

const stateBytes = ({ watermarks, count, ledger, deferred }) => [
  cat(u32(watermarks.length), ...watermarks.map((w) => mark(w.device, [w.sequence, ...w.seen]))),
  cat(u16(1), u16(CLASS), u32(8), u64(count)),
  u32(0),
  cat(u32(ledger.length), ...ledger.flatMap((e) => [e.account, u128(e.cumulative), e.itemsHash])),
  cat(u32(deferred.length), ...deferred.flatMap((p) => [u32(size(p.envelope)), p.envelope])),
];
const stateRoot = (sections) => keccak(tag('state'), ...sections.map((s) => keccak(s)));

export function epochVectors() {
  const epoch = 4;
  const generation = 1;
  const { verdicts, items, waiting, watermarks, rejected } = admit();
  const pool = (budget * BigInt(parameters.classes[0].poolBps)) / 10_000n;
  const weights = new Map();
  const accepted = new Map();
  for (const item of items) {
    weights.set(item.device.id, (weights.get(item.device.id) ?? 0n) + item.weight);
    accepted.set(item.device.id, (accepted.get(item.device.id) ?? 0) + 1);
  }
  const total = [...weights.values()].reduce((a, b) => a + b, 0n);
  const lines = [];
  for (const d of devices) {
    const index = accounts.indexOf(d.owner);
    if (index < 0 || !(weights.has(d.id) || rejected.has(d.id))) continue;
    const weight = weights.get(d.id) ?? 0n;
    lines.push({
      index, class: d.class, device: d.id, rule: weights.has(d.id) ? 1 : 0, weight, amount: (pool * weight) / total, accepted: accepted.get(d.id) ?? 0,
      rejected: rejected.get(d.id) ?? 0, inconclusive: 0,
    });
  }
  lines.sort((a, b) => a.index - b.index || a.class - b.class || (a.device < b.device ? -1 : 1));

  const ledger = accounts.map((entry, index) => {
    const before = previousState.ledger[index] ?? { account: entry, cumulative: 0n, itemsHash: ZERO };
    const own = lines.filter((line) => line.index === index);
    const earned = own.reduce((sum, line) => sum + line.amount, 0n);
    return earned === 0n ? before : {
      account: entry, cumulative: before.cumulative + earned, itemsHash: nextItems(before.itemsHash, epoch, positionalTree(own.map(lineHash)).root),
    };
  });
  const allocated = lines.reduce((sum, line) => sum + line.amount, 0n);
  const tree = rewardTree(network.rewardDomain, ledger);
  const before = stateBytes(previousState);
  const after = stateBytes({
    watermarks: [...watermarks].map(([id, [sequence, ...seen]]) => ({ device: id, sequence, seen })).sort(ascending((w) => w.device)),
    count: previousState.count + BigInt(items.length), ledger, deferred: waiting.sort(ascending((p) => p.id)),
  });

  const lane = (height, digest) => cat(u8(4), ...network.operators.flatMap((o, i) => [o.address, u64(i === 1 ? height : 0), i === 1 ? digest : ZERO]));
  const previousCut = lane(8, fixed('batch 8'));
  const cut = lane(9, fixed('batch 9'));
  const manifest = cat(tag('manifest'), network.id, configDigest, u64(generation), u64(epoch), previousCut, cut, sha(snapshot), stateRoot(before), i64(parameters.replayShiftSeconds));
  const report = cat(
    tag('report'), configDigest, u64(generation), u64(epoch), u64(start), u64(end), u64(4800), fixed('anchor'), fixed('parent'),
    keccak(tag('evidence'), configDigest, u64(epoch), u64(generation), cut), stateRoot(after), tree.root, ZERO, u32(accounts.length), u128(tree.total),
    u128(budget - allocated), sha(manifest),
  );
  return {
    epoch, generation, periodStart: start, periodEnd: end, previousReport: fixed('parent'), parameters: parametersJson, snapshot, snapshotHash: sha(snapshot),
    previousState: cat(tag('state'), ...before), previousStateRoot: stateRoot(before), previousCut, cut,
    proofs: evidence.map((p) => cat(u32(size(p.envelope)), p.envelope, p.signature)),
    verdicts: [...verdicts].map(([proofId, reason]) => ({ proofId, reason })).sort(ascending((v) => v.proofId)),
    lines: lines.map((line) => ({ index: line.index, bytes: lineBytes(line) })),
    state: cat(tag('state'), ...after), stateRoot: stateRoot(after), rewardsRoot: tree.root, manifest, report, reportDigest: keccak(report),
  };
}
