import { network } from './network.mjs';
import { ZERO, fixed } from './layout.mjs';
import { account, entriesOf, lineBytes, lineHash, nextItems, positionalTree, rewardTree } from './tree.mjs';

// Columns, not rows: Solidity's JSON cheat codes read arrays of one type.
const columns = (tree) => ({
  leafCount: tree.leaves.length,
  depth: tree.depth,
  root: tree.root,
  total: tree.total,
  accounts: tree.leaves.map((leaf) => `0x${leaf.account.slice(26)}`),
  cumulatives: tree.leaves.map((leaf) => leaf.cumulative),
  prefixes: tree.leaves.map((leaf) => leaf.prefix),
  itemsHashes: tree.leaves.map((leaf) => leaf.itemsHash),
  preimages: tree.leaves.map((leaf) => leaf.preimage),
  leaves: tree.leaves.map((leaf) => leaf.hash),
  proofs: tree.proofs,
});

export const treeVectors = () => ({
  domain: network.rewardDomain,
  sizes: [1, 2, 3, 5, 8, 13, 100],
  trees: [1, 2, 3, 5, 8, 13, 100].map((count) => columns(rewardTree(network.rewardDomain, entriesOf(count)))),
});

const lines = [
  { class: 1, device: fixed('device a'), rule: 1, weight: 1_500_000n, amount: 7n * 10n ** 17n, accepted: 24, rejected: 1, inconclusive: 2 },
  { class: 1, device: fixed('device a'), rule: 2, weight: 2n ** 100n, amount: 1n, accepted: 24, rejected: 1, inconclusive: 2 },
  { class: 2, device: fixed('device b'), rule: 0, weight: 0n, amount: 0n, accepted: 0, rejected: 0, inconclusive: 4_000_000_000 },
];

export function itemVectors() {
  const one = positionalTree([lineHash(lines[0])]);
  const all = positionalTree(lines.map(lineHash));
  const first = nextItems(ZERO, 1, one.root);
  const second = nextItems(first, 3, all.root);
  return {
    lines: lines.map((line) => ({ ...line, bytes: lineBytes(line), hash: lineHash(line) })),
    chain: [
      { epoch: 1, lines: 1, linesRoot: one.root, previous: ZERO, itemsHash: first },
      { epoch: 3, lines: 3, linesRoot: all.root, previous: first, itemsHash: second },
    ],
  };
}

const solidityLeaf = (leaf) => ({ index: leaf.index, account: `0x${leaf.account.slice(26)}`, cumulative: leaf.cumulative, prefix: leaf.prefix, itemsHash: leaf.itemsHash, hash: leaf.hash });

/** A parent tree of five accounts, an honest successor of six, and one tree for each fault that the contract can be shown. */
export function faultVectors() {
  const domain = network.rewardDomain;
  const parent = rewardTree(domain, entriesOf(5));
  const honestEntries = entriesOf(6).map((entry, i) => ({ ...entry, cumulative: entry.cumulative + BigInt(i % 2) * 10n ** 18n }));
  const honest = rewardTree(domain, honestEntries);
  const change = (at, fields) => rewardTree(domain, honestEntries.map((entry, i) => (i === at ? { ...entry, ...fields } : entry)));
  const wrongAccount = change(2, { account: account(99) });
  const decreased = change(3, { cumulative: parent.leaves[3].cumulative - 1n });
  const wrongPrefix = change(4, { prefix: honest.leaves[4].prefix + 1n });
  const firstPrefix = change(0, { prefix: 1n });
  const fault = (name, kind, tree, index, total, other) => ({
    name, fault: kind, root: tree.root, leafCount: tree.leaves.length, cumulativeTotal: total,
    leaf: solidityLeaf(tree.leaves[index]), proof: tree.proofs[index], ...(other ? { other: other.leaf, otherProof: other.proof } : { other: solidityLeaf(tree.leaves[index]), otherProof: [] }),
  });
  return {
    domain,
    accounts: honestEntries.map((entry) => entry.account),
    parent: columns(parent),
    honest: columns(honest),
    wrongAccount: fault('account 99 stands at the index of account 2', 0, wrongAccount, 2, wrongAccount.total),
    decreased: fault('index 3 has one unit less than in the parent tree', 1, decreased, 3, decreased.total, { leaf: solidityLeaf(parent.leaves[3]), proof: parent.proofs[3] }),
    wrongPrefix: fault('the prefix of index 4 is one too high', 2, wrongPrefix, 4, wrongPrefix.total, { leaf: solidityLeaf(wrongPrefix.leaves[3]), proof: wrongPrefix.proofs[3] }),
    firstPrefix: fault('the prefix of index 0 is not zero', 2, firstPrefix, 0, firstPrefix.total),
    wrongTotal: fault('the report states one unit more than the last leaf proves', 3, honest, 5, honest.total + 1n),
  };
}
