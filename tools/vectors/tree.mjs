// Reward leaves and the positional tree; roots and proofs come from OpenZeppelin's merkle-tree.
import { SimpleMerkleTree } from '@openzeppelin/merkle-tree';
import { ZERO, cat, fixed, keccak, tag, u128, u16, u32, u64, u8, word } from './layout.mjs';

// OpenZeppelin's flat tree puts the leaves in reverse; swapping the arguments of the node hash puts them back.
const nodeHash = (a, b) => keccak(b, a);

export function positionalTree(leaves) {
  if (leaves.length === 0) return { depth: 0, root: ZERO, proofs: [] };
  let depth = 0;
  while (2 ** depth < leaves.length) depth++;
  const padded = [...leaves];
  while (padded.length < 2 ** depth) padded.push(ZERO);
  if (depth === 0) return { depth, root: padded[0], proofs: [[]] };
  const tree = SimpleMerkleTree.of(padded, { sortLeaves: false, nodeHash });
  return { depth, root: tree.root, proofs: leaves.map((_, i) => siblings(tree.dump().tree, i)) };
}

// getProof would check the proof with a commutative hash, which ours is not; so walk the flat tree: children of i are 2i+1 and 2i+2.
function siblings(flat, leaf) {
  const proof = [];
  for (let at = flat.length - 1 - leaf; at > 0; at = (at - 1) >> 1) proof.push(flat[at % 2 === 1 ? at + 1 : at - 1]);
  return proof;
}

export const rewardDomain = (network) => keccak(tag('reward'), u8(network.kind), word(network.chain), word(network.distributor), word(network.token));

export function rewardTree(domain, entries) {
  let prefix = 0n;
  const leaves = entries.map((entry, index) => {
    const leaf = { index, account: word(entry.account), cumulative: BigInt(entry.cumulative), prefix: entry.prefix ?? prefix, itemsHash: entry.itemsHash };
    prefix += leaf.cumulative;
    leaf.preimage = cat(domain, u32(index), leaf.account, u128(leaf.cumulative), u128(leaf.prefix), leaf.itemsHash);
    leaf.hash = keccak(keccak(leaf.preimage));
    return leaf;
  });
  return { leaves, total: prefix, ...positionalTree(leaves.map((leaf) => leaf.hash)) };
}

export const account = (i) => `0x${(BigInt(fixed(`account ${i}`)) & ((1n << 160n) - 1n)).toString(16).padStart(40, '0')}`;
export const entriesOf = (count) =>
  Array.from({ length: count }, (_, i) => ({
    account: account(i),
    // Every fifth account never earned; the others hold up to a few thousand tokens of 18 decimals.
    cumulative: i % 5 === 4 ? 0n : BigInt(fixed(`cumulative ${i}`)) % 10n ** 22n,
    itemsHash: i % 5 === 4 ? ZERO : fixed(`items ${i}`),
  }));

export const lineBytes = (line) =>
  cat(tag('line'), u16(line.class), line.device, u16(line.rule), u128(line.weight), u128(line.amount), u32(line.accepted), u32(line.rejected), u32(line.inconclusive));
export const lineHash = (line) => keccak(keccak(lineBytes(line)));
export const nextItems = (previous, epoch, linesRoot) => keccak(tag('items'), previous, u64(epoch), linesRoot);
