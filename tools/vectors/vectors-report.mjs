import { secp256k1 } from '@noble/curves/secp256k1';
import { network } from './network.mjs';
import { ZERO, bytes, cat, fixed, keccak, sha, size, tag, u128, u16, u32, u64, word, i64 } from './layout.mjs';
import { lanes, proofs } from './vectors-devices.mjs';
import { entriesOf, rewardTree } from './tree.mjs';

// EIP-2098: r, then s with the recovery bit in its highest bit.
function compact(digest, key) {
  const signature = secp256k1.sign(bytes(digest), bytes(key), { lowS: true });
  const s = signature.s | (BigInt(signature.recovery) << 255n);
  return cat(word(`0x${signature.r.toString(16)}`), word(`0x${s.toString(16)}`));
}

const snapshotHash = fixed('snapshot');

function state() {
  const waiting = proofs().slice(0, 2).sort((a, b) => (a.proofId < b.proofId ? -1 : 1));
  const devices = [fixed('device a'), fixed('device b'), fixed('device c')].sort();
  const watermarks = devices.map((device, i) => ({ device, sequence: BigInt(100 ** i), seen: i === 0 ? 1n : BigInt(fixed(`seen ${i}`)) >> 192n }));
  const ledger = entriesOf(5);
  const sections = {
    watermarks: cat(u32(watermarks.length), ...watermarks.flatMap((w) => [w.device, u64(w.sequence), u64(w.seen)])),
    classes: cat(u16(2), u16(1), u32(3), '0x010203', u16(2), u32(32), fixed('class state')),
    reputation: u32(0),
    ledger: cat(u32(ledger.length), ...ledger.flatMap((e) => [word(e.account), u128(e.cumulative), e.itemsHash])),
    deferred: cat(u32(waiting.length), ...waiting.flatMap((p) => [u32(size(p.envelope)), p.envelope])),
  };
  const empty = { watermarks: u32(0), classes: u16(0), reputation: u32(0), ledger: u32(0), deferred: u32(0) };
  const root = (s) => keccak(tag('state'), ...Object.values(s).map((section) => keccak(section)));
  const all = (s) => cat(tag('state'), ...Object.values(s));
  return { watermarks, ledger, waiting, sections, bytes: all(sections), root: root(sections), genesisBytes: all(empty), genesisRoot: root(empty) };
}

export function stateVectors() {
  const s = state();
  return {
    watermarks: { devices: s.watermarks.map((w) => w.device), sequences: s.watermarks.map((w) => w.sequence), seen: s.watermarks.map((w) => w.seen) },
    classes: [{ class: 1, bytes: '0x010203' }, { class: 2, bytes: fixed('class state') }],
    ledger: { accounts: s.ledger.map((e) => word(e.account)), cumulatives: s.ledger.map((e) => e.cumulative), itemsHashes: s.ledger.map((e) => e.itemsHash) },
    deferred: s.waiting.map((p) => p.envelope),
    sections: s.sections,
    bytes: s.bytes,
    root: s.root,
    genesisBytes: s.genesisBytes,
    genesisRoot: s.genesisRoot,
  };
}

function reportOf(fields) {
  const encoded = cat(
    tag('report'), fields.configDigest, u64(fields.generation), u64(fields.epoch), u64(fields.periodStart), u64(fields.periodEnd), u64(fields.anchorNumber),
    fields.anchorHash, fields.previousDigest, fields.evidenceRoot, fields.stateRoot, fields.rewardsRoot, fields.meteringRoot, u32(fields.leafCount),
    u128(fields.cumulativeTotal), u128(fields.unallocated), fields.manifestHash,
  );
  return { bytes: encoded, length: size(encoded), digest: keccak(encoded) };
}

function signed(report, signers) {
  return {
    signers,
    bitmap: signers.reduce((bits, i) => bits | (1 << i), 0),
    signatures: signers.map((i) => compact(report.digest, network.operators[i].reportKey)),
    addresses: signers.map((i) => network.operators[i].address),
  };
}

export function reportVectors() {
  const { previousCut, cut } = lanes();
  const tree = rewardTree(network.rewardDomain, entriesOf(5));
  const [epoch, generation] = [1, 0];
  const manifest = cat(tag('manifest'), network.id, network.configDigest, u64(generation), u64(epoch), previousCut, cut, snapshotHash, state().genesisRoot, i64(-86400));
  const fields = {
    configDigest: network.configDigest, generation, epoch, periodStart: 1_700_006_400, periodEnd: 1_700_092_800, anchorNumber: 4_800,
    anchorHash: fixed('anchor'), previousDigest: ZERO, evidenceRoot: keccak(tag('evidence'), network.configDigest, u64(epoch), u64(generation), cut),
    stateRoot: state().root, rewardsRoot: tree.root, meteringRoot: ZERO, leafCount: tree.leaves.length, cumulativeTotal: tree.total,
    unallocated: 123_456_789n, manifestHash: sha(manifest),
  };
  const report = reportOf(fields);
  const twin = reportOf({ ...fields, unallocated: fields.unallocated + 1n });
  return {
    fields,
    ...report,
    attestations: signed(report, [0, 2, 3]),
    equivocation: { bytes: twin.bytes, digest: twin.digest, ...signed(twin, [2]) },
    manifest: { replayShiftSeconds: -86400, snapshotHash, previousStateRoot: state().genesisRoot, previousCut, cut, bytes: manifest, hash: sha(manifest) },
    seed: { blockHash: fixed('seed block'), seed: keccak(tag('seed'), network.configDigest, u64(epoch), fixed('seed block')) },
  };
}
