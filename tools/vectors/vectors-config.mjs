import { network, parameters, parametersJson } from './network.mjs';
import { hex, keccak, size } from './layout.mjs';

export const networkVectors = () => ({
  kind: network.kind,
  chain: network.chain,
  verifier: network.verifier,
  distributor: network.distributor,
  token: network.token,
  networkId: network.id,
  rewardDomain: network.rewardDomain,
  operators: {
    addresses: network.operators.map((o) => o.address),
    reportKeys: network.operators.map((o) => o.reportKey),
    protocolKeys: network.operators.map((o) => o.protocolKey),
    protocolSeeds: network.operators.map((o) => o.protocolSeed),
  },
});

// Another spelling of the same document: keys in reverse, white space.
const reversed = (value) =>
  Array.isArray(value) ? value.map(reversed)
  : value && typeof value === 'object' ? Object.fromEntries(Object.entries(value).reverse().map(([k, v]) => [k, reversed(v)]))
  : value;

export const parameterVectors = () => ({
  spelled: JSON.stringify(reversed(parameters), null, 3),
  canonical: parametersJson,
  parametersHash: keccak(hex(Buffer.from(parametersJson))),
  rulesHash: network.rulesHash,
});

export const configVectors = () => ({
  configCount: network.configCount,
  firstEpoch: network.firstEpoch,
  quorum: network.quorum,
  parametersHash: network.parametersHash,
  rulesHash: network.rulesHash,
  length: size(network.configPreimage),
  preimage: network.configPreimage,
  digest: network.configDigest,
});
