// Honest actions: payout indexes, recipients, claims, the breaker, proofs of faults.
import { toBytes, toHex } from "viem";
import { le, leafArguments, placed, coder, borsh } from "../rig.mjs";
import { place, NONE } from "./basics.mjs";
import { text } from "./wire.mjs";
import { of, one, act, slot, somebody, ledgerOf, challengeable } from "./actions-settlement.mjs";

/** A root that can be claimed, or now and then one that cannot any more, with its tree. */
function claimable(f, n) {
  const d = f.model.accounts.get(n.distributor);
  const old = f.r.chance(4) ? f.r.pick([...f.trees.values()]) : undefined;
  return old ?? f.trees.get(f.r.pick([d.current.root, d.current.root, d.previous.root]));
}

/** Who stands in the tree and has an account that is paid. */
function claimants(f, n, tree) {
  const page = (p) => f.model.accounts.get(place("page", n.key, le(p.index >> 10, 4)));
  const open = (p) => tree.leaves[p.index] && f.purse(p.recipient, n.mint) && (f.r.chance(5) || tree.leaves[p.index].cumulative > (page(p).claimed.get(p.index) ?? 0n));
  return of(f, n, "Payout", open);
}

const pageOf = (n, p) => place("page", n.key, le(p.index >> 10, 4));

/** Two leaves that prove what is wrong with an open report's tree, where something is. */
function faultIn(f, n, report) {
  const tree = f.trees.get(report.rewards_root);
  const parent = f.trees.get(ledgerOf(f, n).reports[slot(report.epoch - 1n)].rewards_root);
  if (!tree || tree.leaves.length !== report.leaf_count) return null;
  let sum = 0n;
  for (const [i, leaf] of tree.leaves.entries()) {
    const account = f.address(leaf.account);
    if (f.model.accounts.get(place("payout", n.key, account))?.index !== i) return [0, placed(tree, i), placed(tree, i), account];
    if (parent?.leaves[i] && parent.leaves[i].cumulative > leaf.cumulative) return [1, placed(tree, i), placed(parent, i), account];
    if (leaf.prefix !== sum) return [2, placed(tree, i), placed(tree, Math.max(i - 1, 0)), account];
    sum += leaf.cumulative;
  }
  const last = placed(tree, tree.leaves.length - 1);
  if (sum !== report.cumulative_total) return [3, last, last, f.address(tree.leaves.at(-1).account)];
  return f.r.chance(10) ? [f.r.below(5), last, last, f.address(tree.leaves.at(-1).account)] : null;
}

function anyFault(f, n) {
  for (const report of challengeable(f, n)) {
    const found = faultIn(f, n, report);
    if (found) return { epoch: report.epoch, fault: found[0], leaf: found[1], other: found[2], account: found[3] };
  }
  return null;
}

export const paymentActions = {
  open_payout(f, n) {
    const all = [...f.people, n.owner && f.ring.get(n.owner)].filter(Boolean).map((p) => p.publicKey.toBase58());
    const account = f.r.chance(6) ? NONE : all.find((x) => !f.model.accounts.has(place("payout", n.key, x)));
    const index = ledgerOf(f, n).payout_count;
    if (!account || (index > 4 && f.r.chance(50))) return null;
    return { accounts: { payer: somebody(f), payout: place("payout", n.key, account), page: place("page", n.key, le(index >> 10, 4)) }, args: { account: f.key(account) } };
  },
  schedule_recipient: (f, n) => act(one(f, n, "Payout", (p) => f.ring.has(p.account)), (p) => ({ accounts: { account: p.account, payout: p.address }, args: { recipient: f.key(somebody(f)) } })),
  apply_recipient: (f, n) => act(one(f, n, "Payout", (p) => p.ready_at !== 0n && (f.now >= p.ready_at || f.r.chance(10))), (p) => ({ accounts: { payout: p.address } })),
  claim(f, n) {
    const tree = claimable(f, n);
    const who = tree && claimants(f, n, tree);
    if (!who?.length) return null;
    const p = f.r.pick(who);
    const sender = f.ring.has(p.account) && f.r.chance(60) ? p.account : somebody(f);
    return {
      accounts: { sender, page: pageOf(n, p), payout: p.address, to: f.purse(p.recipient, n.mint) },
      args: { root: toBytes(tree.root), leaf: leafArguments(tree.leaves[p.index]), proof: tree.proof(p.index) },
    };
  },
  claim_many(f, n) {
    const tree = claimable(f, n);
    const who = tree ? claimants(f, n, tree).slice(0, 1 + f.r.below(3)) : [];
    if (who.length === 0) return null;
    if (f.r.chance(10)) who.push(who[0]);
    return {
      accounts: { sender: somebody(f) }, args: { root: toBytes(tree.root), claims: who.map((p) => ({ leaf: leafArguments(tree.leaves[p.index]), proof: tree.proof(p.index) })) },
      rest: who.flatMap((p) => [pageOf(n, p), p.address, f.purse(p.recipient, n.mint)]),
    };
  },
  set_breaker: (f, n) => ({ accounts: { owner: n.owner }, args: { capacity: f.r.between(90_000n, 600_000n) } }),
  prove_tree_fault: (f, n) => act(f.r.chance(60) && anyFault(f, n), ({ account, ...args }) => ({ accounts: { reporter: somebody(f), payout: place("payout", n.key, account) }, args })),
  write_buffer(f, n) {
    const { account, ...fault } = anyFault(f, n) ?? {};
    const free = f.people.map((p) => text(p.publicKey)).filter((p) => !f.model.accounts.has(place("buffer", p)));
    if (account && free.length > 0) {
      const data = Buffer.from(coder.instruction.encode("prove_tree_fault", borsh(fault)).subarray(8));
      return { accounts: { writer: free[0], buffer: place("buffer", free[0]) }, args: { total: data.length, offset: 0, data } };
    }
    const writer = text(f.people[f.r.below(4)].publicKey);
    const total = f.model.accounts.get(place("buffer", writer))?.length ?? 10 + f.r.below(300);
    return { accounts: { writer, buffer: place("buffer", writer) }, args: { total, offset: f.r.below(10), data: Buffer.alloc(Math.max(0, Math.min(total - 9, 16)), f.r.next() & 255) } };
  },
  close_buffer(f, n) {
    const b = [...f.model.accounts].filter(([, v]) => v.type === "Buffer" && f.ring.has(v.writer));
    if (b.length === 0 || (buffered(f, n) && f.r.chance(90))) return null;
    const [buffer, { writer }] = f.r.pick(b);
    return { accounts: { writer, buffer } };
  },
  prove_tree_fault_buffered: (f, n) => act(buffered(f, n), ({ address, writer, account }) => ({ accounts: { reporter: writer, payout: place("payout", n.key, account), buffer: address } })),
};

/** A buffer that holds a fault of an open report. */
function buffered(f, n) {
  const { account, ...fault } = anyFault(f, n) ?? {};
  if (!account) return null;
  const bytes = toHex(coder.instruction.encode("prove_tree_fault", borsh(fault)).subarray(8));
  const found = [...f.model.accounts].find(([, v]) => v.type === "Buffer" && v.bytes === bytes && f.ring.has(v.writer));
  return found ? { address: found[0], account, writer: found[1].writer } : null;
}
