// Rules of the model: payout indexes, claims, the breaker, faults of a tree, buffers.
import { toBytes, toHex } from "viem";
import { idl, le, leafHash, web3 } from "../rig.mjs";
import { need, later, place, TOLERANCE, hashOf, NONE, ZERO } from "./basics.mjs";
import { openReport, cancelReport, slot } from "./rules-reports.mjs";

const FAULT = Buffer.from(idl.instructions.find((i) => i.name === "prove_tree_fault").discriminator);
const least = (...values) => values.reduce((x, y) => (x < y ? x : y));

/** Whether the leaf stands at its index in a positional tree of that many leaves. */
function stands(domain, root, leaves, index, account, leaf, proof) {
  if (index >= leaves || proof.length !== Math.ceil(Math.log2(Math.max(leaves, 1)))) return false;
  let node = leafHash(domain, { index, account: toHex(Buffer.from(account)), cumulative: leaf.cumulative, prefix: leaf.prefix, itemsHash: leaf.items_hash });
  for (const [depth, sibling] of proof.entries()) node = (index >> depth) & 1 ? hashOf(sibling, node) : hashOf(node, sibling);
  return node === root;
}

const addressBytes = (address) => new web3.PublicKey(address).toBytes();

export const payments = {
  open_payout(c) {
    const { a, args, key, ledger } = c;
    need(args.account !== NONE, "zero");
    const index = ledger.payout_count++;
    this.make(a.payout, place("payout", key, args.account), "Payout", { network: key, account: args.account, index, recipient: args.account, pending_recipient: NONE, ready_at: 0n });
    if (index % 1024 === 0) this.make(a.page, place("page", key, le(index >> 10, 4)), "Page", { network: key, number: index >> 10, claimed: new Map() });
  },

  schedule_recipient(c, n) {
    const payout = this.get(c.a.payout, "Payout", c.key);
    need(payout.account === c.a.account && c.args.recipient !== NONE, "another's, or zero");
    payout.pending_recipient = c.args.recipient;
    payout.ready_at = later(c.now, later(n.recipient_delay, TOLERANCE));
  },

  apply_recipient(c) {
    const payout = this.get(c.a.payout, "Payout", c.key);
    need(payout.ready_at !== 0n && c.now >= payout.ready_at, "none waits long enough");
    Object.assign(payout, { recipient: payout.pending_recipient, pending_recipient: NONE, ready_at: 0n });
  },

  /** A token account of the owner's that nobody else has a hand in. */
  recipient(n, address, owner) {
    const token = this.tokens.get(address);
    need(token && token.mint === n.mint && token.owner === owner && token.clean, "no clean account of the recipient's");
  },

  drain({ distributor: d, now }) {
    const elapsed = now > d.updated_at ? now - d.updated_at : 0n;
    const drained = (d.capacity * elapsed) / d.window;
    d.level = d.level > drained ? d.level - drained : 0n;
    if (now > d.updated_at) d.updated_at = now;
  },

  /** What leaves of one claim; 0 where there is nothing, or no room. Null where the claim is refused. */
  settle(c, n, [pageAt, payoutAt, to], { leaf, proof }, { empty }) {
    const { distributor: d, args } = c;
    const root = [d.current, d.previous].find((one) => one.root === args.root);
    const payout = this.get(payoutAt, "Payout", c.key);
    const page = this.get(pageAt, "Page", c.key);
    need(page.number === payout.index >> 10, "another page");
    const [at, claimed] = [payout.index % 1024, page.claimed.get(payout.index % 1024) ?? 0n];
    const due = leaf.cumulative > claimed ? leaf.cumulative - claimed : 0n;
    if (due === 0n) return need(empty, "all was claimed");
    need(stands(d.domain, root.root, root.leaf_count, payout.index, addressBytes(payout.account), leaf, proof), "no such leaf");
    const limit = c.a.sender === payout.account ? d.capacity : d.capacity / 2n;
    const amount = least(due, limit > d.level ? limit - d.level : 0n, d.current.cumulative_total - d.total_claimed);
    if (amount === 0n) return need(empty, "no room");
    d.level += amount;
    d.total_claimed += amount;
    this.recipient(n, to, payout.recipient);
    page.claimed.set(at, claimed + amount);
    c.books.paid += amount;
    this.pay(c, n.vault, to, amount);
  },

  claimable({ distributor: d, args }) {
    need(args.root !== ZERO && [d.current.root, d.previous.root].includes(args.root), "no such root");
  },

  claim(c, n) {
    this.claimable(c);
    this.drain(c);
    this.settle(c, n, [c.a.page, c.a.payout, c.a.to], c.args, { empty: false });
  },

  claim_many(c, n) {
    this.claimable(c);
    this.drain(c);
    need(c.rest.length === 3 * c.args.claims.length, "three accounts to a claim");
    for (const [i, one] of c.args.claims.entries()) this.settle(c, n, c.rest.slice(3 * i, 3 * i + 3), one, { empty: true });
  },

  set_breaker(c, n) {
    const { distributor: d, args } = c;
    need(c.a.owner === n.owner && args.capacity >= d.min_capacity && args.capacity <= d.max_capacity, "not the owner, or out of bounds");
    this.drain(c);
    d.capacity = args.capacity;
  },

  prove_tree_fault(c) {
    this.prove(c, c.args);
  },

  prove_tree_fault_buffered(c) {
    const buffer = this.get(c.a.buffer, "Buffer");
    need(buffer.writer === c.a.reporter, "another's buffer");
    this.prove(c, this.decode(Buffer.concat([FAULT, toBytes(buffer.bytes)])).args);
  },

  prove(c, { epoch, fault, leaf: placed, other }) {
    const { ledger, distributor: { domain } } = c;
    const report = openReport(ledger, epoch);
    const isIn = (r, p) => stands(domain, r.rewards_root, r.leaf_count, p.index, addressBytes(p.account), p.leaf, p.proof);
    need(isIn(report, placed), "no such leaf");
    const { cumulative, prefix } = placed.leaf;
    const sum = (x, y) => (x + y < 1n << 128n ? x + y : null);
    const proven = {
      0: () => {
        need(c.a.payout === place("payout", c.key, placed.account), "another's payout account");
        return this.accounts.get(c.a.payout)?.index !== placed.index;
      },
      1: () => {
        need(isIn(ledger.reports[slot(epoch - 1n)], other), "no such leaf");
        return placed.index === other.index && cumulative < other.leaf.cumulative;
      },
      2: () => {
        if (placed.index === 0) return prefix !== 0n;
        need(isIn(report, other), "no such leaf");
        return other.index === placed.index - 1 && sum(other.leaf.prefix, other.leaf.cumulative) !== prefix;
      },
      3: () => placed.index === report.leaf_count - 1 && sum(prefix, cumulative) !== report.cumulative_total,
    }[fault];
    need(proven?.(), "no fault");
    cancelReport(c, epoch);
  },

  write_buffer({ a, args }) {
    const { total, offset, data } = args;
    const bytes = data.length > 2 ? data.slice(2) : "";
    need(total <= 8_192 && offset + bytes.length / 2 <= total, "out of bounds");
    if (!this.accounts.has(a.buffer)) this.make(a.buffer, place("buffer", a.writer), "Buffer", { writer: a.writer, length: total, bytes: toHex(new Uint8Array(total)) });
    const buffer = this.get(a.buffer, "Buffer");
    need(buffer.writer === a.writer && buffer.length === total, "another's, or of another size");
    const at = 2 + 2 * offset;
    buffer.bytes = buffer.bytes.slice(0, at) + bytes + buffer.bytes.slice(at + bytes.length);
  },

  close_buffer(c) {
    need(this.get(c.a.buffer, "Buffer").writer === c.a.writer, "another's");
    this.close(c, c.a.buffer, c.a.writer);
  },
};
