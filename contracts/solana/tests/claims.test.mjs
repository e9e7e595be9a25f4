import assert from "node:assert/strict";
import { toBytes } from "viem";
import { World, Network, must, refused, key, hash, le, pda, leafArguments, NOBODY, PROGRAM, TOLERANCE, ZERO, CHAIN, test } from "./rig.mjs";
import { concat, keccak256, toHex } from "viem";

function settled(amounts = [100n, 200n, 300n], parameters = {}, label = "", world = new World()) {
  const n = new Network(world, parameters, { label }).ready(4, amounts.length);
  const tree = n.tree(amounts);
  n.settle(tree);
  return { n, tree };
}

test("indexes are dense and for ever, one to an account", () => {
  const n = new Network(new World()).ready();
  const a = n.addPayout(key("a"));
  const b = n.addPayout(key("b"));
  const open = (account, accounts = {}) => n.call("open_payout", { payer: n.world.payer.publicKey, payout: pda("payout", n.network, account), page: a.page, ...accounts }, { account }, []);
  refused(open(a.account.publicKey), "AlreadyExists");
  refused(open(NOBODY), "ZeroKey");
  refused(open(key("c").publicKey, { payout: key("elsewhere").publicKey }), "WrongAddress");
  assert.deepEqual([a, b].map((e) => n.world.fetch("Payout", e.payout).index), [0, 1]);
  assert.equal(n.world.fetch("Ledger", n.ledger).payout_count, 2);
  const first = new Network(n.world, {}, { label: "first" }).ready();
  refused(first.call("open_payout", { payer: n.world.payer.publicKey, payout: pda("payout", first.network, key("c").publicKey), page: a.page }, { account: key("c").publicKey }, []), "WrongAddress");
});

test("the 1,025th account opens the second page", async () => {
  const { n } = settled();
  await n.world.tamper("Ledger", n.ledger, (l) => { l.payout_count = 1024; });
  const page = pda("page", n.network, le(1, 4));
  const account = key("the 1,025th").publicKey;
  must(n.call("open_payout", { payer: n.world.payer.publicKey, payout: pda("payout", n.network, account), page }, { account }, []));
  assert.equal(n.world.fetch("Page", page).number, 1);
  // Its claims do not go to the first page's slot of the same number.
  await n.world.tamper("Ledger", n.ledger, (l) => { l.payout_count = (2 ** 32 - 1); });
  const last = key("the last").publicKey;
  refused(n.call("open_payout", { payer: n.world.payer.publicKey, payout: pda("payout", n.network, last), page }, { account: last }, []), "Overflow");
});

test("an account claims what its leaf grants, once", () => {
  const { n, tree } = settled();
  const outcome = must(n.claim(tree, 1));
  assert.deepEqual(outcome.events, [{
    name: "Claimed", network: n.network.toBase58(), account: n.paid[1].account.publicKey.toBase58(), index: 1, recipient: n.paid[1].account.publicKey.toBase58(),
    amount: 200n, claimed: 200n, root: tree.root,
  }]);
  assert.equal(n.world.balance(n.paid[1].token), 200n);
  refused(n.claim(tree, 1), "NothingToClaim");
  assert.equal(n.world.fetch("Distributor", n.distributor).total_claimed, 200n);
  assert.equal(n.world.fetch("Page", n.paid[1].page).claimed[1], 200n);
});

test("a later root pays the difference, and the one before stays claimable", () => {
  const { n, tree } = settled();
  must(n.claim(tree, 0));
  const next = n.tree([150n, 200n, 450n]);
  n.settle(next);
  must(n.claim(next, 0));
  must(n.claim(tree, 2));
  must(n.claim(next, 2));
  assert.deepEqual(n.paid.map((p) => n.world.balance(p.token)), [150n, 0n, 450n]);
  n.settle(n.tree([151n, 200n, 450n]));
  refused(n.claim(tree, 1), "UnknownRoot");
  must(n.claim(next, 1));
});

test("all that is paid is the tree's total", () => {
  const { n, tree } = settled([1n, 22n, 333n, 4_444n, 55_555n]);
  for (let i = 0; i < 5; i++) must(n.claim(tree, i));
  assert.equal(n.world.balance(n.vault), 0n);
  assert.equal(n.paid.reduce((sum, p) => sum + n.world.balance(p.token), 0n), tree.total);
});

test("a leaf counts for its own account at its own index only", () => {
  const { n, tree } = settled([100n, 200n, 300n, 400n]);
  const [a, b] = n.paid;
  const claim = (change, accounts = {}) => n.call("claim", { sender: a.account.publicKey, page: a.page, payout: a.payout, to: a.token, ...accounts },
    { root: toBytes(tree.root), leaf: leafArguments(tree.leaves[0]), proof: tree.proof(0), ...change }, [a.account]);
  refused(claim({ leaf: leafArguments(tree.leaves[1]), proof: tree.proof(1) }), "BadProof");
  for (const change of [{ cumulative: 101n }, { prefix: 1n }, { items_hash: hash("x") }]) refused(claim({ leaf: { ...leafArguments(tree.leaves[0]), ...change } }), "BadProof");
  refused(claim({ proof: tree.proof(0).slice(1) }), "BadProof");
  refused(claim({ proof: [...tree.proof(0), new Uint8Array(32)] }), "BadProof");
  refused(claim({ proof: tree.proof(1) }), "BadProof");
  refused(claim({ proof: Array.from({ length: 1 }, () => new Uint8Array(32)) }), "BadProof");
  refused(claim({ root: toBytes(ZERO) }), "EmptyRoot");
  refused(claim({ root: hash("x") }), "UnknownRoot");
  refused(claim({}, { payout: b.payout }), "BadProof");
  const many = n.world.instruction("claim", { ...n.accounts, sender: a.account.publicKey, page: a.page, payout: a.payout, to: a.token }, { root: toBytes(tree.root), leaf: leafArguments(tree.leaves[0]), proof: [] });
  many.data.writeUInt32LE(33, many.data.length - 4);
  refused(n.world.send(many, [a.account]), "BadData");
  must(claim({}));
});

test("no root is claimable before the first is final", () => {
  const n = new Network(new World()).ready(4, 1);
  const tree = n.tree([5n]);
  refused(n.claim(tree, 0), "UnknownRoot");
  refused(n.claim(tree, 0, n.paid[0].account, {}, { root: toBytes(ZERO) }), "EmptyRoot");
});

test("accounts of a claim are this network's own, at their addresses", async () => {
  const world = new World();
  const { n, tree } = settled([100n, 200n], {}, "one", world);
  const other = new Network(world, {}, { label: "two" }).ready(4, 2);
  const a = n.paid[0];
  for (const [accounts, error] of [
    [{ distributor: other.distributor }, "WrongAddress"], [{ vault: other.vault }, "WrongAddress"], [{ vault: n.bonds }, "WrongAddress"], [{ token_program: PROGRAM }, "WrongProgram"],
    [{ page: other.paid[0].page }, "WrongAccount"], [{ page: a.payout }, "WrongAccount"], [{ payout: other.paid[0].payout }, "WrongAccount"], [{ payout: n.ledger }, "WrongAccount"],
    [{ network: other.network }, "WrongAddress"], [{ page: pda("page", n.network, le(1, 4)) }, "WrongOwner"],
  ]) refused(n.claim(tree, 0, a.account, accounts), error);
  // A page of another number holds other accounts' slots.
  await world.tamper("Ledger", n.ledger, (l) => { l.payout_count = 1024; });
  const page = pda("page", n.network, le(1, 4));
  const account = key("far").publicKey;
  must(n.call("open_payout", { payer: world.payer.publicKey, payout: pda("payout", n.network, account), page }, { account }, []));
  refused(n.claim(tree, 0, a.account, { page }), "WrongAccount");
  must(n.claim(tree, 0));
});

test("the reward goes to a clean token account of the recipient's and to none else", () => {
  const { n, tree } = settled();
  const [a] = n.paid;
  const thief = key("thief").publicKey;
  const other = new Network(n.world, {}, { label: "other" }).ready();
  for (const [label, account] of [
    ["the thief's", n.world.token("1", n.mint, thief)], ["delegated", n.world.token("2", n.mint, a.account.publicKey, 0n, { delegate: thief })],
    ["closable", n.world.token("3", n.mint, a.account.publicKey, 0n, { close: thief })], ["of another mint", n.world.token("4", other.mint, a.account.publicKey)],
    ["of another program", n.world.token("5", n.mint, a.account.publicKey, 0n, { program: PROGRAM })], ["frozen", n.world.token("6", n.mint, a.account.publicKey, 0n, { state: 2 })],
    ["the mint", n.mint], ["not made", key("nothing").publicKey],
  ]) {
    const outcome = n.claim(tree, 0, a.account, { to: account });
    assert.equal(outcome.ok ? "paid" : outcome.error, "BadRecipient", label);
  }
  must(n.claim(tree, 0));
});

test("a recipient changes on the account's word, after a delay", () => {
  const { n, tree } = settled();
  const [a] = n.paid;
  const next = key("next recipient");
  const token = n.world.token("next", n.mint, next.publicKey);
  const schedule = (signer, recipient = next.publicKey) => n.call("schedule_recipient", { account: signer.publicKey, payout: a.payout }, { recipient }, [signer]);
  const apply = () => n.call("apply_recipient", { payout: a.payout }, {}, []);
  n.world.fund(next.publicKey);
  refused(apply(), "RecipientNotReady");
  refused(schedule(next), "NotAuthorized");
  refused(schedule(a.account, NOBODY), "ZeroKey");
  must(schedule(a.account));
  n.world.pass(n.parameters.recipient_delay + TOLERANCE - 1n);
  refused(apply(), "RecipientNotReady");
  n.world.pass(1n);
  must(apply());
  refused(apply(), "RecipientNotReady");
  refused(n.claim(tree, 0), "BadRecipient");
  must(n.claim(tree, 0, a.account, { to: token }));
  assert.equal(n.world.balance(token), 100n);
  const other = new Network(n.world, {}, { label: "other" }).ready();
  refused(other.call("apply_recipient", { payout: a.payout }, {}, []), "WrongAccount");
});

test("the breaker lets a capacity out in its window, to third parties half, and what is held back stays due", () => {
  const { n, tree } = settled([3_000_000n, 3_000_000n, 3_000_000n], { breaker_capacity: 4_000_000n });
  const stranger = key("stranger");
  n.world.fund(stranger.publicKey);
  must(n.claim(tree, 0, stranger)); // fills half
  assert.equal(n.world.balance(n.paid[0].token), 2_000_000n);
  refused(n.claim(tree, 0, stranger), "BreakerExhausted");
  must(n.claim(tree, 0));
  must(n.claim(tree, 1)); // one million is left
  assert.equal(n.world.balance(n.paid[1].token), 1_000_000n);
  refused(n.claim(tree, 1), "BreakerExhausted");
  n.world.pass(21_600n); // a quarter of the window
  must(n.claim(tree, 1));
  assert.equal(n.world.balance(n.paid[1].token), 2_000_000n);
  n.world.pass(86_400n * 5n); // no more than a capacity is saved up
  must(n.claim(tree, 1));
  must(n.claim(tree, 2));
  assert.equal(n.world.balance(n.paid[2].token), 3_000_000n);
  assert.equal(n.world.fetch("Distributor", n.distributor).level, 4_000_000n);
});

test("a new capacity does not change what drained at the old one", () => {
  const { n, tree } = settled([6_000_000n], { breaker_capacity: 4_000_000n });
  must(n.claim(tree, 0));
  n.world.pass(21_600n);
  must(n.call("set_breaker", { owner: n.owner.publicKey }, { capacity: 100_000_000n }, [n.owner]));
  assert.equal(n.world.fetch("Distributor", n.distributor).level, 3_000_000n);
});

test("a clock that runs back drains nothing twice", () => {
  const { n, tree } = settled([6_000_000n], { breaker_capacity: 4_000_000n });
  must(n.claim(tree, 0));
  n.world.pass(-21_600n);
  refused(n.claim(tree, 0), "BreakerExhausted");
  must(n.call("set_breaker", { owner: n.owner.publicKey }, { capacity: 4_000_000n }, [n.owner]));
  n.world.pass(21_600n);
  refused(n.claim(tree, 0), "BreakerExhausted");
});

test("no more is paid than the accepted total holds, whatever the vault has", async () => {
  const { n, tree } = settled([100n, 200n]);
  await n.world.tamper("Distributor", n.distributor, (d) => { d.total_claimed = new (d.level.constructor)("150"); });
  must(n.claim(tree, 1));
  assert.equal(n.world.balance(n.paid[1].token), 150n);
  refused(n.claim(tree, 0), "BreakerExhausted");
});

test("a batch pays each, skips who has nothing due, and falls as a whole with a bad proof", () => {
  const { n, tree } = settled();
  const relay = n.world.payer;
  must(n.claim(tree, 1));
  const bad = n.claimMany(tree, [0, 2], relay, { change: { 2: { leaf: { ...leafArguments(tree.leaves[2]), cumulative: 301n } } } });
  refused(bad, "BadProof");
  assert.equal(n.world.balance(n.paid[0].token), 0n);
  refused(n.claimMany(tree, [0, 2], relay, { to: { 2: n.paid[0].token } }), "BadRecipient");
  const outcome = must(n.claimMany(tree, [0, 1, 2], relay));
  assert.deepEqual(outcome.events.map((e) => [e.name, e.index]), [["Claimed", 0], ["ClaimSkipped", 1], ["Claimed", 2]]);
  assert.deepEqual(n.paid.map((p) => n.world.balance(p.token)), [100n, 200n, 300n]);
  assert.equal(n.world.fetch("Distributor", n.distributor).total_claimed, 600n);
});

test("one account twice in a batch is paid once", () => {
  const { n, tree } = settled();
  const outcome = must(n.claimMany(tree, [2, 2], n.world.payer));
  assert.deepEqual(outcome.events.map((e) => e.name), ["Claimed", "ClaimSkipped"]);
  assert.equal(n.world.balance(n.paid[2].token), 300n);
});

test("a batch of a third party stops at half of the breaker and skips the rest", () => {
  const { n, tree } = settled([1_500_000n, 1_500_000n, 1_500_000n], { breaker_capacity: 4_000_000n });
  const outcome = must(n.claimMany(tree, [0, 1, 2], n.world.payer));
  assert.deepEqual(outcome.events.map((e) => [e.name, e.amount]), [["Claimed", 1_500_000n], ["Claimed", 500_000n], ["ClaimSkipped", undefined]]);
});

test("a batch's accounts are three to a claim", () => {
  const { n, tree } = settled();
  const i = (remaining) => n.call("claim_many", { sender: n.world.payer.publicKey }, { root: toBytes(tree.root), claims: [{ leaf: leafArguments(tree.leaves[0]), proof: tree.proof(0) }] }, [], { remaining });
  const three = [[n.paid[0].page, true], [n.paid[0].payout, false], [n.paid[0].token, true]].map(([pubkey, isWritable]) => ({ pubkey, isWritable, isSigner: false }));
  refused(i(three.slice(1)), "TooFewAccounts");
  refused(i([...three, three[0]]), "TooFewAccounts");
  refused(n.call("claim_many", { sender: n.world.payer.publicKey }, { root: toBytes(ZERO), claims: [] }, []), "EmptyRoot");
  must(i(three));
});

test("the reward domain binds cluster, distributor and token", () => {
  const { n } = settled();
  const parts = [toHex("\x19DePIN reward v1"), "0x01", toHex(CHAIN), toHex(n.distributor.toBytes()), toHex(n.mint.toBytes())];
  assert.equal(n.domain, keccak256(concat(parts)));
});

test("the config digest is that of the protocol", () => {
  const { n } = settled();
  const c = n.world.fetch("Config", n.config(1n));
  const be = (v, size) => toHex(Buffer.from(le(v, size)).reverse());
  const parts = [toHex("\x19DePIN config v1"), "0x01", toHex(CHAIN), toHex(n.ledger.toBytes()), toHex(n.distributor.toBytes()), toHex(n.mint.toBytes()), be(1, 8), be(1, 8), "0x0403",
    ...n.members.flatMap((o) => [o.address, toHex(o.protocolKey)]), toHex(hash("parameters")), toHex(hash("rules"))];
  assert.equal(c.digest, keccak256(concat(parts)));
});
