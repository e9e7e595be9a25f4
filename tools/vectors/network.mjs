// One made-up network with fixed keys, used by every vector.
import { privateKeyToAccount } from 'viem/accounts';
import { ed25519 } from '@noble/curves/ed25519';
import { bytes, cat, fixed, hex, keccak, tag, u16, u64, u8, word } from './layout.mjs';
import { rewardDomain } from './tree.mjs';

const OPERATORS = 4;

const operators = Array.from({ length: OPERATORS }, (_, i) => {
  const reportKey = fixed(`report key ${i}`);
  const protocolSeed = fixed(`protocol key ${i}`);
  return {
    reportKey,
    address: privateKeyToAccount(reportKey).address.toLowerCase(),
    protocolSeed,
    protocolKey: hex(ed25519.getPublicKey(bytes(protocolSeed))),
  };
}).sort((a, b) => (a.address < b.address ? -1 : 1));

export const parameters = {
  batch: { maxBytes: 1048576, maxProofs: 2048 },
  classes: [
    { class: 1, parameters: { maxWitnesses: 14, note: 'quotes " and \\ are escaped, / is not' }, poolBps: 6000, rulesVersion: 1 },
    { class: 2, parameters: { bounds: [-400, 850], units: ['degC', 'hPa'] }, poolBps: 3000, rulesVersion: 1 },
  ],
  epochGraceSeconds: 120,
  lateSeconds: 3600,
  minimumStakePerDevice: '100000000000000000000',
  name: 'vector',
  proofsPerDevice: 300,
  replayShiftSeconds: 0,
};
// The object above is written in key order, so that this is its canonical form.
export const parametersJson = JSON.stringify(parameters);

export const network = {
  kind: 0,
  chain: word('0x7a69'),
  verifier: '0x00000000000000000000000000000000000000a1',
  distributor: '0x00000000000000000000000000000000000000a2',
  token: '0x00000000000000000000000000000000000000a3',
  configCount: 1,
  firstEpoch: 1,
  operators,
  quorum: 3,
  parametersHash: keccak(hex(Buffer.from(parametersJson))),
  rulesHash: keccak(tag('rules'), ...parameters.classes.flatMap((c) => [u16(c.class), u16(c.rulesVersion)])),
};
network.id = keccak(tag('network'), u8(network.kind), network.chain, word(network.verifier));
network.rewardDomain = rewardDomain(network);
network.configPreimage = cat(
  tag('config'), u8(network.kind), network.chain, word(network.verifier), word(network.distributor), word(network.token),
  u64(network.configCount), u64(network.firstEpoch), u8(operators.length), u8(network.quorum),
  ...operators.flatMap((o) => [o.address, o.protocolKey]), network.parametersHash, network.rulesHash,
);
network.configDigest = keccak(network.configPreimage);
