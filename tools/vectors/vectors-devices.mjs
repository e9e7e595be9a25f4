import { secp256k1 } from '@noble/curves/secp256k1';
import { p256 } from '@noble/curves/p256';
import { ed25519 } from '@noble/curves/ed25519';
import { encodeAbiParameters } from 'viem';
import { network } from './network.mjs';
import { ZERO, bytes, cat, fixed, hex, keccak, sha, size, tag, u16, u32, u64, u8 } from './layout.mjs';

const schemes = {
  1: { name: 'secp256k1', key: (k) => hex(secp256k1.getPublicKey(k, false).slice(1)), sign: (m, k) => hex(secp256k1.sign(bytes(sha(m)), k, { lowS: true }).toCompactRawBytes()) },
  2: { name: 'P-256', key: (k) => hex(p256.getPublicKey(k, false).slice(1)), sign: (m, k) => hex(p256.sign(bytes(sha(m)), k, { lowS: true }).toCompactRawBytes()) },
  3: { name: 'Ed25519', key: (k) => hex(ed25519.getPublicKey(k)), sign: (m, k) => hex(ed25519.sign(bytes(m), k)) },
};

const cases = [
  { keyType: 1, class: 1, schema: 1, sequence: 1, timeMs: 1_700_000_000_000, payload: '0x' },
  { keyType: 2, class: 2, schema: 7, sequence: 18446744073709551615n, timeMs: 1_700_000_000_001, payload: '0x00ff' },
  { keyType: 3, class: 65535, schema: 65535, sequence: 0, timeMs: 0, payload: hex(Uint8Array.from({ length: 4096 }, (_, i) => i % 251)) },
  { keyType: 3, class: 1, schema: 1, sequence: 2, timeMs: 1_700_000_086_400_000, payload: fixed('payload') },
];

export function proofs() {
  return cases.map((c, i) => {
    const privateKey = fixed(`device key ${i}`);
    const scheme = schemes[c.keyType];
    const publicKey = scheme.key(bytes(privateKey));
    const deviceId = keccak(u8(c.keyType), publicKey);
    const envelope = cat(tag('proof'), network.id, u16(c.class), u16(c.schema), deviceId, u64(c.sequence), u64(c.timeMs), u32(size(c.payload)), c.payload);
    const signature = scheme.sign(envelope, bytes(privateKey));
    return {
      ...c, sequence: BigInt(c.sequence), keyName: scheme.name, privateKey, publicKey, deviceId, envelope, proofId: sha(envelope), signature,
      encoded: cat(u32(size(envelope)), envelope, signature),
    };
  });
}

export const proofVectors = () => ({ networkId: network.id, proofs: proofs() });

const sign = (operator, message) => hex(ed25519.sign(bytes(message), bytes(operator.protocolSeed)));

export function cutOf(lanes) {
  return cat(u8(lanes.length), ...lanes.flatMap((lane) => [lane.operator, u64(lane.height), lane.digest]));
}

export function lanes() {
  const [first, second, third, fourth] = network.operators;
  const sorted = proofs().sort((a, b) => (a.proofId < b.proofId ? -1 : 1));
  const body = cat(...sorted.map((p) => p.encoded));
  const header = (index, previous, sealedAt, count, bytesOfBody) =>
    cat(tag('batch'), network.id, first.address, u64(index), previous, u64(sealedAt), u32(count), sha(bytesOfBody));
  const batch1 = header(1, ZERO, 1_700_000_001_000, sorted.length, body);
  const body2 = sorted[2].encoded;
  const batch2 = header(2, sha(batch1), 1_700_000_002_000, 1, body2);
  const ack = cat(tag('ack'), network.id, first.address, u64(2), sha(batch2));
  const previousCut = cutOf(network.operators.map((o) => ({ operator: o.address, height: 0, digest: ZERO })));
  const cut = cutOf([
    { operator: first.address, height: 2, digest: sha(batch2) },
    { operator: second.address, height: 0, digest: ZERO },
    { operator: third.address, height: 9, digest: fixed('batch of the third') },
    { operator: fourth.address, height: 1, digest: fixed('batch of the fourth') },
  ]);
  const receiptMessage = cat(tag('receipt'), network.id, sorted[0].proofId, first.address, u64(1_700_000_000_500));
  return { first, second, sorted, body, body2, batch1, batch2, ack, previousCut, cut, receiptMessage };
}

export function laneVectors() {
  const { first, second, sorted, body, body2, batch1, batch2, ack, previousCut, cut, receiptMessage } = lanes();
  const epoch = 7;
  const generation = 2;
  const value = cat(cut, u64(12345), fixed('anchor'), fixed('report digest'));
  const valueDigest = sha(tag('value'), value);
  const prepare = cat(tag('round'), network.configDigest, u64(epoch), u64(generation), u32(3), u8(3), u8(1), valueDigest, u32(0));
  return {
    operator: first.address,
    proofIds: sorted.map((p) => p.proofId),
    body,
    bodyHash: sha(body),
    batch1: { index: 1, previous: ZERO, sealedAtMs: 1_700_000_001_000, count: sorted.length, header: batch1, digest: sha(batch1) },
    batch2: { index: 2, previous: sha(batch1), sealedAtMs: 1_700_000_002_000, count: 1, body: body2, bodyHash: sha(body2), header: batch2, digest: sha(batch2) },
    acknowledgement: { message: ack, signer: second.address, signature: sign(second, ack) },
    receipt: { proofId: sorted[0].proofId, receivedAtMs: 1_700_000_000_500, message: receiptMessage, signature: sign(first, receiptMessage) },
    previousCut,
    cut,
    evidenceRoot: keccak(tag('evidence'), network.configDigest, u64(epoch), u64(generation), cut),
    epoch,
    generation,
    value: { anchorNumber: 12345, anchorHash: fixed('anchor'), reportDigest: fixed('report digest'), bytes: value, digest: valueDigest },
    prepare: { view: 3, kind: 3, sender: 1, message: prepare, signature: sign(second, prepare) },
  };
}

const ACTION_TYPE =
  'DeviceAction(string action,uint256 tokenId,bytes32 deviceId,address owner,uint32 modelId,uint64 batchId,uint64 cell,bytes32 metadata,uint64 nonce,uint64 deadline)';

/** What devices sign on Solana: viem's ABI encoder for the structure, which is the EVM's, under the network's own domain. */
export function registrationVectors() {
  const [chain, registry] = [fixed('cluster'), fixed('registry')];
  const domain = keccak(tag('device'), u8(1), chain, registry);
  const registrations = [1, 2, 3].flatMap((keyType, i) => ['register', 'rotate'].map((action) => {
    const privateKey = fixed(`registered ${keyType} ${action}`);
    const publicKey = schemes[keyType].key(bytes(privateKey));
    const deviceId = keccak(u8(keyType), publicKey);
    const r = {
      token: action === 'register' ? 0 : 7 + i, owner: fixed(`owner ${i}`), modelId: i === 2 ? 4294967295 : i + 1, batchId: action === 'register' && i === 2 ? 18446744073709551615n : 0n,
      cell: 622054503267303423n, metadata: fixed(`metadata ${i}`), nonce: 0n, deadline: 1_800_000_000n + BigInt(i),
    };
    const words = [keccak(hex(new TextEncoder().encode(ACTION_TYPE))), keccak(hex(new TextEncoder().encode(action))), r.token, deviceId, r.owner, r.modelId, r.batchId, r.cell, r.metadata, r.nonce, r.deadline];
    const types = ['bytes32', 'bytes32', 'uint256', 'bytes32', 'bytes32', 'uint32', 'uint64', 'uint64', 'bytes32', 'uint64', 'uint64'];
    const structure = encodeAbiParameters(types.map((type) => ({ type })), words.map((w, at) => (types[at] === 'uint32' ? Number(w) : typeof w === 'number' ? BigInt(w) : w)));
    const digest = keccak('0x1901', domain, keccak(structure));
    // secp256k1: EIP-2098 over the digest; P-256: r · s, low s, over its SHA-256; Ed25519: over its 32 bytes.
    const compact = () => { const s = secp256k1.sign(bytes(digest), bytes(privateKey), { lowS: true }); const out = s.toCompactRawBytes(); out[32] |= s.recovery << 7; return hex(out); };
    const signature = keyType === 1 ? compact() : schemes[keyType].sign(digest, bytes(privateKey));
    return { action, keyType, privateKey, publicKey, deviceId, ...r, structure, digest, signature };
  }));
  return { kind: 1, chain, registry, domain, registrations };
}
