import assert from "node:assert/strict";
import { secp256k1 } from "@noble/curves/secp256k1";
import { concat, keccak256, numberToHex, toBytes, toHex } from "viem";
import { World, Network, Tree, must, refused, key, hash, pda, sign, placed, emission, operators, NOBODY, PROGRAM, TOKEN, TOLERANCE, ZERO, reportBytes, web3, leafArguments, test } from "./rig.mjs";

const ready = (accounts = 3, n = 4, options = {}) => new Network(new World(), options).ready(n, accounts);

/** A network whose first period is over, an honest tree, and its report. */
function first(accounts = 3, n = 4, options = {}) {
  const network = ready(accounts, n, options);
  network.world.setTime(network.parameters.genesis + network.parameters.epoch_length);
  const tree = network.tree([100n, 200n, 300n].slice(0, accounts));
  return { n: network, tree, report: network.report(tree) };
}

const challengeAccount = (n, digest) => pda("challenge", n.network, toBytes(digest));

function challenge(n, epoch, digest, { who = key("challenger"), ...accounts } = {}) {
  n.world.fund(who.publicKey);
  const source = n.world.token(`challenger ${who.publicKey}`, n.mint, who.publicKey, 1_000_000n);
  return { who, source, outcome: n.call("challenge", { challenger: who.publicKey, challenge: challengeAccount(n, digest), source, ...accounts }, { epoch, evidence: hash("evidence") }, [who]) };
}

const cancel = (n, epoch, signer = n.arbiter) => n.call("cancel", { arbiter: signer.publicKey }, { epoch }, [signer]);

test("an honest report is accepted on q signatures, becomes final after its window and mints its rewards", () => {
  const { n, tree, report } = first();
  const accepted = must(n.attest(report));
  assert.deepEqual(accepted.events, [{
    name: "ReportAccepted", network: n.network.toBase58(), epoch: 1n, generation: 0n, digest: report.digest, signers: 7,
    claimable_at: n.world.now + n.parameters.challenge_window + TOLERANCE, report: report.raw,
  }]);
  n.world.pass(n.parameters.challenge_window + TOLERANCE - 1n);
  refused(n.finalize(1), "WindowOpen");
  n.world.pass(1n);
  const before = n.world.supply(n.mint);
  const events = must(n.finalize(1)).events;
  assert.deepEqual(events.map((e) => e.name), ["ReportFinalized", "EpochMinted", "RootAdvanced"]);
  assert.equal(events[1].unallocated, emission(n.parameters, 1n) - 600n);
  assert.equal(n.world.balance(n.vault), 600n);
  assert.equal(n.world.supply(n.mint) - before, 600n);
  const distributor = n.world.fetch("Distributor", n.distributor);
  assert.deepEqual(distributor.current, { root: tree.root, epoch: 1n, leaf_count: 3, cumulative_total: 600n });
  refused(n.finalize(1), "NotInOrder");
  refused(n.finalize(2), "WrongStatus");
});

test("a report that differs from the honest one in any condition is refused, signed as it may be", () => {
  const { n, tree, report } = first();
  for (const [change, error] of [
    [{ epoch: 2n, previousDigest: ZERO }, "EpochNotNext"], [{ generation: 1n }, "WrongGeneration"], [{ periodStart: report.periodStart + 1n }, "WrongPeriod"],
    [{ periodEnd: report.periodEnd + 1n }, "WrongPeriod"], [{ previousDigest: hash("x") }, "WrongParent"], [{ unallocated: report.unallocated + 1n }, "NotBudget"],
    [{ unallocated: report.unallocated - 1n }, "NotBudget"], [{ unallocated: (1n << 128n) - 1n }, "NotBudget"], [{ cumulativeTotal: 601n }, "NotBudget"], [{ leafCount: 4 }, "WrongLeafCount"],
    [{ leafCount: 0 }, "WrongLeafCount"], [{ rewardsRoot: ZERO }, "EmptyRoot"], [{ configDigest: hash("x") }, "WrongConfig"],
  ]) {
    const changed = n.report(tree, change);
    refused(n.attest(changed), error);
  }
  const idle = n.report(null, { rewardsRoot: tree.root });
  refused(n.attest(idle), "EmptyRoot");
  const tagged = { ...report, raw: report.raw.replace("0x19", "0x18") };
  tagged.digest = keccak256(tagged.raw);
  refused(n.attest(tagged), "BadTag");
  must(n.attest(report));
  refused(n.attest(report), "EpochNotNext");
});

test("a report counts from the end of its period on", () => {
  const { n, report } = first();
  n.world.pass(-1n);
  refused(n.attest(report), "PeriodNotOver");
  n.world.pass(1n);
  must(n.attest(report));
});

test("a network without payout accounts reports no root, and a total or leaf count never goes down", () => {
  const n = ready(0);
  n.settle(null);
  n.addPayout(key("late 1"));
  n.addPayout(key("late 2"));
  n.settle(n.tree([100n, 50n]));
  n.world.setTime(n.parameters.genesis + 3n * n.parameters.epoch_length);
  const less = n.tree([100n, 49n]);
  refused(n.attest(n.report(less, { unallocated: emission(n.parameters, 3n) + 1n })), "TotalDecreased");
  const fewer = n.tree([150n]);
  refused(n.attest(n.report(fewer)), "WrongLeafCount");
  must(n.attest(n.report(n.tree([100n, 51n]))));
});

test("exactly q signatures of distinct members count", () => {
  const { n, report } = first(3, 7);
  const { bitmap, signatures } = n.signatures(report);
  const send = (b, s) => n.attest(report, { bitmap: b, signatures: s });
  for (const few of [[], [0, 1, 2, 3], [0, 1, 2, 3, 4, 5]]) refused(n.attest(report, n.signatures(report, few)), "WrongSignerCount");
  refused(send(bitmap, signatures.slice(1)), "WrongSignerCount");
  refused(send(bitmap, [...signatures, signatures[0]]), "WrongSignerCount");
  refused(send(bitmap | 32, signatures), "WrongSignerCount");
  refused(send(bitmap ^ 1, signatures), "WrongSignerCount");
  refused(send((bitmap ^ 1) | 128, signatures), "UnknownSigner");
  refused(send((bitmap ^ 1) | 32, signatures), "BadSignature");
  refused(send(bitmap, [...signatures].reverse()), "BadSignature");
  refused(send(bitmap, [signatures[0], signatures[0], ...signatures.slice(2)]), "BadSignature");
  const stranger = operators(1, "stranger")[0];
  refused(send(bitmap, [sign(report.digest, stranger.secret).bytes, ...signatures.slice(1)]), "BadSignature");
  const other = n.report(null);
  refused(send(bitmap, n.signatures(other).signatures), "BadSignature");
  refused(send(bitmap, [new Uint8Array(64), ...signatures.slice(1)]), "BadSignature");
  // 33 signatures do not fit in a transaction, their count does.
  const i = n.world.instruction("attest", { ...n.accounts, config: n.config(1n) }, { report: toBytes(report.raw), bitmap, signatures: [] });
  i.data.writeUInt32LE(33, i.data.length - 4);
  refused(n.world.send(i), "BadData");
  must(send(bitmap, signatures));
});

test("a signature with a high s is refused though it recovers to its signer", async () => {
  // A compact signature has room for 255 bits of s, so a high one lies between n/2 and 2^255. No key gives one by chance: choose s and the
  // nonce, and take the key that makes them a signature of the report: d = (s·k − z) / r.
  const n = ready(0);
  n.world.setTime(n.parameters.genesis + n.parameters.epoch_length);
  const report = n.report(null);
  const order = secp256k1.CURVE.n;
  const modulo = (v) => ((v % order) + order) % order;
  const inverse = (v) => { // by Fermat
    let [result, base] = [1n, modulo(v)];
    for (let e = order - 2n; e > 0n; e >>= 1n, base = modulo(base * base)) if (e & 1n) result = modulo(result * base);
    return result;
  };
  const k = 12_345n;
  const point = secp256k1.ProjectivePoint.BASE.multiply(k).toAffine();
  const r = modulo(point.x);
  const signature = (s) => {
    const d = modulo((s * k - BigInt(report.digest)) * inverse(r));
    const secret = toBytes(numberToHex(d, { size: 32 }));
    const address = `0x${keccak256(secp256k1.getPublicKey(secret, false).slice(1)).slice(26)}`;
    return { address, bytes: toBytes(concat([numberToHex(r, { size: 32 }), numberToHex(s | ((point.y & 1n) << 255n), { size: 32 })])) };
  };
  const { bitmap, signatures } = n.signatures(report);
  const send = async (s) => {
    const crafted = signature(s);
    await n.world.tamper("Config", n.config(1n), (c) => { c.members[0].report_key = [...toBytes(crafted.address)]; });
    return n.attest(report, { bitmap, signatures: [crafted.bytes, ...signatures.slice(1)] });
  };
  const half = order >> 1n;
  refused(await send(half + 1n), "BadSignature");
  refused(await send((1n << 255n) - 1n), "BadSignature");
  must(await send(half));
});

test("accounts of an attestation are this network's own", () => {
  const world = new World();
  const one = new Network(world, {}, { label: "one" }).ready(4, 1);
  const two = new Network(world, {}, { label: "two" }).ready(4, 1);
  world.setTime(one.parameters.genesis + one.parameters.epoch_length);
  const report = one.report(one.tree([5n]));
  const signed = one.signatures(report);
  refused(one.attest(report, signed, { ledger: two.ledger }), "WrongAddress");
  refused(one.attest(report, signed, { config: two.config(1n) }), "WrongAccount");
  refused(one.attest(report, signed, { config: one.ledger }), "WrongAccount");
  refused(one.attest(report, signed, { network: one.ledger }), "WrongAccount");
  refused(one.attest(report, signed, { network: one.vault }), "WrongOwner");
  // A look-alike that another program made.
  const forged = key("forged config").publicKey;
  world.put(forged, world.data(one.config(1n)), key("another program").publicKey);
  refused(one.attest(report, signed, { config: forged }), "WrongOwner");
  world.put(forged, world.data(one.config(1n)).subarray(0, 1000));
  refused(one.attest(report, signed, { config: forged }), "WrongAccount");
  // An address that nobody made is the system program's.
  refused(one.attest(report, signed, { config: one.config(9n) }), "WrongOwner");
  // The other network's report, signed by operators whose keys serve both.
  refused(two.attest({ ...report, count: 1n }, two.signatures(report)), "WrongConfig");
  must(one.attest(report, signed));
});

test("an account that changes must be handed over writable", () => {
  const { n, report } = first();
  const i = n.world.instruction("attest", { ...n.accounts, config: n.config(1n) }, { report: toBytes(report.raw), ...n.signatures(report) });
  i.keys[2].isWritable = false;
  refused(n.world.send(i), "NotWritable");
});

test("up to fifteen reports may be open; the next waits for finality", () => {
  const { n } = first(1);
  n.world.setTime(n.parameters.genesis + 40n * n.parameters.epoch_length);
  const tree = n.tree([10n]);
  for (let epoch = 1n; epoch <= 15n; epoch++) must(n.attest(n.report(tree)));
  refused(n.attest(n.report(tree)), "RingFull");
  n.world.pass(n.parameters.challenge_window + TOLERANCE);
  must(n.finalize(1));
  must(n.attest(n.report(tree)));
  refused(n.finalize(3), "NotInOrder");
  for (let epoch = 2n; epoch <= 15n; epoch++) must(n.finalize(epoch));
  assert.equal(n.world.balance(n.vault), 10n);
});

test("the arbiter voids an open report and all after it, and nothing else", () => {
  const { n, tree } = first();
  n.world.setTime(n.parameters.genesis + 4n * n.parameters.epoch_length);
  const reports = [1, 2, 3].map(() => {
    const report = n.report(tree);
    must(n.attest(report));
    return report;
  });
  refused(cancel(n, 2n, n.owner), "NotAuthorized");
  refused(cancel(n, 4n), "WrongStatus");
  refused(cancel(n, 0n), "WrongStatus");
  const outcome = must(cancel(n, 2n));
  assert.deepEqual(outcome.events, [{ name: "ReportCancelled", network: n.network.toBase58(), epoch: 2n, new_generation: 1n, digest: reports[1].digest, reason: 1, cancelled_at: n.world.now }]);
  assert.equal(n.world.fetch("Ledger", n.ledger).last_epoch, 1n);
  refused(n.attest(reports[1]), "WrongGeneration");
  must(n.attest(n.report(tree)));
  n.world.pass(n.parameters.challenge_window + TOLERANCE);
  must(n.finalize(1));
  refused(cancel(n, 1n), "WrongStatus");
  must(cancel(n, 2n)); // also after its window: a late veto costs a day
  refused(n.finalize(2), "WrongStatus");
});

test("a challenge extends the window once, and its bond burns where the report stands", () => {
  const { n, report } = first();
  must(n.attest(report));
  const { who, source, outcome } = challenge(n, 1n, report.digest);
  must(outcome);
  assert.equal(n.world.balance(source), 999_000n);
  refused(challenge(n, 1n, report.digest, { who: key("second challenger") }).outcome, "AlreadyChallenged");
  n.world.pass(n.parameters.challenge_window + TOLERANCE);
  const rest = [challengeAccount(n, report.digest), who.publicKey].map((pubkey) => ({ pubkey, isSigner: false, isWritable: true }));
  refused(n.finalize(1, {}, rest), "WindowOpen");
  n.world.pass(n.parameters.challenge_extension);
  refused(n.finalize(1), "TooFewAccounts");
  refused(n.finalize(1, {}, [rest[0], { ...rest[1], pubkey: key("thief").publicKey }]), "WrongAccount");
  refused(n.finalize(1, {}, [{ ...rest[1], pubkey: n.ledger }, rest[1]]), "WrongAccount");
  refused(n.finalize(1, {}, [rest[0], { ...rest[1], isWritable: false }]), "WrongAccount");
  const lamports = n.world.svm.getBalance(who.publicKey.toBase58());
  const events = must(n.finalize(1, {}, rest)).events;
  assert.deepEqual(events.filter((e) => e.name === "ChallengeSettled").map((e) => [e.returned, e.bond]), [[false, 1_000n]]);
  assert.equal(n.world.balance(n.bonds), 4n * 5_000n);
  assert.ok(n.world.svm.getBalance(who.publicKey.toBase58()) > lamports, "the challenge's rent came back");
  assert.equal(n.world.data(challengeAccount(n, report.digest)).length, 0);
});

test("a report is not settled with another report's challenge", () => {
  const { n, report, tree } = first();
  must(n.attest(report));
  const { who, outcome } = challenge(n, 1n, report.digest);
  must(outcome);
  n.world.setTime(n.parameters.genesis + 2n * n.parameters.epoch_length);
  const next = n.report(tree);
  must(n.attest(next));
  must(challenge(n, 2n, next.digest).outcome);
  n.world.pass(n.parameters.challenge_window + n.parameters.challenge_extension + TOLERANCE);
  const rest = (digest) => [challengeAccount(n, digest), who.publicKey].map((pubkey) => ({ pubkey, isSigner: false, isWritable: true }));
  refused(n.finalize(1, {}, rest(next.digest)), "WrongAccount");
  must(n.finalize(1, {}, rest(report.digest)));
});

test("no more than an epoch's budget is minted, whatever the ledger says", async () => {
  const { n, report } = first();
  must(n.attest(report));
  await n.world.tamper("Ledger", n.ledger, (l) => { l.reports[1].cumulative_total = l.reports[1].cumulative_total.muln(10_000_000); });
  n.world.pass(n.parameters.challenge_window + TOLERANCE);
  refused(n.finalize(1), "Overflow");
});

test("a challenge comes while the window is open, of an open report, with the bond", () => {
  const { n, report } = first();
  refused(challenge(n, 1n, report.digest).outcome, "WrongStatus");
  must(n.attest(report));
  refused(challenge(n, 1n, toHex(hash("another digest"))).outcome, "WrongAddress");
  refused(challenge(n, 1n, report.digest, { bonds: n.vault }).outcome, "WrongAddress");
  refused(challenge(n, 1n, report.digest, { token_program: PROGRAM }).outcome, "WrongProgram");
  n.world.pass(n.parameters.challenge_window + TOLERANCE);
  refused(challenge(n, 1n, report.digest).outcome, "WindowClosed");
  n.world.pass(-1n);
  must(challenge(n, 1n, report.digest).outcome);
});

test("the bond of a challenge comes back when its report is void, to the challenger, once", () => {
  const { n, report, tree } = first();
  must(n.attest(report));
  const { who, source, outcome } = challenge(n, 1n, report.digest);
  must(outcome);
  const reclaim = (accounts = {}) => n.call("reclaim_bond", { challenge: challengeAccount(n, report.digest), challenger: who.publicKey, to: source, ...accounts }, {}, []);
  refused(reclaim(), "ReportStands");
  must(cancel(n, 1n));
  const thief = key("thief");
  refused(reclaim({ challenger: thief.publicKey }), "WrongAccount");
  refused(reclaim({ to: n.world.token("thief's", n.mint, thief.publicKey) }), "BadRecipient");
  refused(reclaim({ challenge: n.ledger }), "WrongAccount");
  must(n.attest(n.report(tree)));
  must(reclaim());
  assert.equal(n.world.balance(source), 1_000_000n);
  refused(reclaim(), "WrongOwner");
  const other = new Network(n.world, {}, { label: "other" }).ready();
  const stolen = challenge(n, 1n, n.world.fetch("Ledger", n.ledger).reports[1].digest);
  must(stolen.outcome);
  must(cancel(n, 1n));
  refused(other.call("reclaim_bond", { challenge: challengeAccount(n, n.world.fetch("Ledger", n.ledger).reports[1].digest), challenger: stolen.who.publicKey, to: stolen.source }, {}, []), "WrongAccount");
});

test("finality takes this network's accounts only", () => {
  const { n, report } = first();
  must(n.attest(report));
  n.world.pass(n.parameters.challenge_window + TOLERANCE);
  for (const [name, error] of [["ledger", "WrongAddress"], ["distributor", "WrongAddress"], ["mint", "WrongAddress"], ["vault", "WrongAddress"], ["bonds", "WrongAddress"]]) {
    const other = name === "vault" ? n.paid[0].token : name === "bonds" ? n.vault : n.paid[0].payout;
    refused(n.finalize(1, { [name]: other }), error);
  }
  refused(n.finalize(1, { token_program: PROGRAM }), "WrongProgram");
  must(n.finalize(1));
});

// --- faults of the tree

function faulty(change, { accounts = 4, parent = [100n, 200n, 300n, 400n], total } = {}) {
  const n = ready(accounts);
  const parentTree = n.tree(parent);
  n.settle(parentTree);
  n.world.setTime(n.parameters.genesis + 2n * n.parameters.epoch_length);
  const entries = n.paid.map((p, i) => ({ account: p.account.publicKey.toBytes(), cumulative: parent[i] + 10n }));
  change(entries, n);
  const tree = new Tree(n.domain, entries);
  const report = n.report({ ...tree, leaves: tree.leaves, root: tree.root, total: total ?? tree.total });
  must(n.attest(report));
  const prove = (fault, leaf, other = leaf, { from = tree, payout = n.paid[leaf]?.payout, epoch = 2n, ...accounts } = {}) =>
    n.call("prove_tree_fault", { reporter: n.world.payer.publicKey, payout, ...accounts }, { epoch, fault, leaf: placed(tree, leaf), other: { ...placed(from, other), proof: fault === 0 || fault === 3 ? [] : placed(from, other).proof } }, []);
  return { n, tree, parentTree, prove };
}

function cancelled(n, outcome, fault, index) {
  const events = must(outcome).events;
  assert.deepEqual(events.map((e) => e.name), ["TreeFaultProven", "ReportCancelled"]);
  assert.deepEqual([events[0].fault, events[0].index, events[1].reason], [fault, index, 2]);
  assert.equal(n.world.fetch("Ledger", n.ledger).last_epoch, 1n);
}

test("an honest tree has no fault to prove", () => {
  const { prove, parentTree } = faulty(() => {});
  for (let i = 0; i < 4; i++) {
    refused(prove(0, i), "NoFault");
    refused(prove(1, i, i, { from: parentTree }), "NoFault");
    refused(prove(2, i, Math.max(0, i - 1)), "NoFault");
    refused(prove(3, i), "NoFault");
  }
  refused(prove(4, 0), "NoFault");
  refused(prove(1, 1, 2, { from: parentTree }), "NoFault");
  refused(prove(2, 3, 1), "NoFault");
  refused(prove(0, 0, 0, { epoch: 1n }), "WrongStatus");
  refused(prove(0, 0, 0, { epoch: 3n }), "WrongStatus");
});

test("an account at another's index is a fault", () => {
  const { n, prove } = faulty((entries) => { entries[1].account = entries[2].account; });
  refused(prove(0, 1), "WrongAddress"); // the payout account must be the leaf's account's
  cancelled(n, prove(0, 1, 1, { payout: n.paid[2].payout }), 0, 1);
});

test("an account without an index is a fault", () => {
  const stranger = key("stranger");
  const { n, prove } = faulty((entries) => { entries[1].account = stranger.publicKey.toBytes(); });
  cancelled(n, prove(0, 1, 1, { payout: pda("payout", n.network, stranger.publicKey) }), 0, 1);
});

test("a cumulative below the parent's is a fault", () => {
  const { n, prove, parentTree } = faulty((entries) => { entries[2].cumulative = 299n; });
  refused(prove(1, 2, 2), "BadProof"); // the other leaf is of the parent's tree
  cancelled(n, prove(1, 2, 2, { from: parentTree }), 1, 2);
});

test("a prefix that is not the sum before it is a fault", () => {
  const { n, prove, parentTree } = faulty((entries) => { entries[2].prefix = 1n; });
  refused(prove(2, 2, 1, { from: parentTree }), "BadProof");
  cancelled(n, prove(2, 2, 1), 2, 2);
  const atStart = faulty((entries) => { entries[0].prefix = 1n; });
  cancelled(atStart.n, atStart.prove(2, 0), 2, 0);
});

test("a total that the last leaf does not reach is a fault", () => {
  const { n, prove } = faulty(() => {}, { total: 1_041n });
  cancelled(n, prove(3, 3), 3, 3);
});

test("a leaf behind the last one of the tree is none of its leaves", () => {
  const n = ready(4);
  const tree = n.tree([100n, 200n, 300n, 400n]);
  n.world.setTime(n.parameters.genesis + n.parameters.epoch_length);
  const report = n.report(tree, { leafCount: 3, cumulativeTotal: 600n, unallocated: emission(n.parameters, 1n) - 600n });
  must(n.attest(report));
  refused(n.call("prove_tree_fault", { reporter: n.world.payer.publicKey, payout: n.paid[3].payout }, { epoch: 1n, fault: 0, leaf: placed(tree, 3), other: { ...placed(tree, 3), proof: [] } }, []), "BadProof");
  n.world.pass(n.parameters.challenge_window + TOLERANCE);
  must(n.finalize(1));
  refused(n.claim(tree, 3), "BadProof");
  must(n.claim(tree, 2));
});

test("a proof is exactly as long as the tree of that many leaves is deep", () => {
  const n = ready(4);
  const tree = n.tree([100n, 200n, 300n, 400n]);
  n.world.setTime(n.parameters.genesis + n.parameters.epoch_length);
  const report = n.report(tree, { leafCount: 2, cumulativeTotal: 300n, unallocated: emission(n.parameters, 1n) - 300n });
  must(n.attest(report));
  n.world.pass(n.parameters.challenge_window + TOLERANCE);
  must(n.finalize(1));
  refused(n.claim(tree, 1), "BadProof"); // it leads to the root, in two steps instead of one
});

test("a leaf that is not in the tree proves nothing", () => {
  const { n, tree } = faulty((entries) => { entries[1].account = entries[2].account; });
  const leaf = placed(tree, 1);
  const send = (change) => n.call("prove_tree_fault", { reporter: n.world.payer.publicKey, payout: n.paid[2].payout }, { epoch: 2n, fault: 0, leaf: { ...leaf, ...change }, other: { ...leaf, proof: [] } }, []);
  refused(send({ proof: leaf.proof.slice(1) }), "BadProof");
  refused(send({ proof: [...leaf.proof, new Uint8Array(32)] }), "BadProof");
  refused(send({ index: 5 }), "BadProof");
  refused(send({ leaf: { ...leaf.leaf, cumulative: leaf.leaf.cumulative + 1n } }), "BadProof");
  const wrong = n.call("prove_tree_fault", { reporter: n.world.payer.publicKey, payout: n.paid[2].payout, distributor: n.ledger }, { epoch: 2n, fault: 0, leaf, other: { ...leaf, proof: [] } }, []);
  refused(wrong, "WrongAddress");
  must(send({}));
});

// --- equivocation

function equivocation(n, member, a, b, { operator = member.operator, who = key("reporter"), config = n.config(1n), signatures, ...accounts } = {}) {
  n.world.fund(who.publicKey);
  const to = n.world.token("reporter's", n.mint, who.publicKey);
  const [x, y] = signatures ?? [sign(a.digest, member.secret).bytes, sign(b.digest, member.secret).bytes];
  return { to, outcome: n.call("prove_equivocation", { reporter: who.publicKey, config, operator, to, ...accounts },
    { report: toBytes(a.raw), other_rest: toBytes(b.raw).subarray(64), signature: x, other_signature: y }, [who], { payer: who }) };
}

test("two reports under one operator's signatures cost it its whole bond", () => {
  const { n, report } = first();
  const other = n.report(n.tree([100n, 200n, 301n]));
  const member = n.members[1];
  n.world.put(n.mint, Buffer.from(n.world.data(n.mint)).fill(Buffer.from("80969800000000000000".slice(0, 16), "hex"), 36, 44), n.accounts.token_program);
  const { to, outcome } = equivocation(n, member, report, other);
  const events = must(outcome).events;
  assert.deepEqual(events.map((e) => e.name), ["EquivocationProven", "BondSlashed"]);
  assert.deepEqual([events[1].bond, events[1].to_reporter], [5_000n, 250n]);
  assert.equal(n.world.balance(to), 250n);
  assert.equal(n.world.balance(n.bonds), 15_000n);
  refused(equivocation(n, member, report, other).outcome, "OperatorSlashed");
  const act = (name, args = {}) => n.call(name, { account: member.account.publicKey, operator: member.operator, source: member.source, to: member.source, config: n.config(1n) }, args, [member.account]);
  refused(act("add_bond", { amount: 1n }), "OperatorSlashed");
  refused(act("request_exit"), "OperatorSlashed");
  refused(act("withdraw_bond"), "OperatorSlashed");
  refused(n.schedule(n.members, 9n), "OperatorSlashed");
});

test("what is no equivocation slashes nobody", () => {
  const { n, report } = first();
  const other = n.report(n.tree([100n, 200n, 301n]));
  const [a, b] = n.members;
  refused(equivocation(n, a, report, report).outcome, "NotEquivocation");
  refused(equivocation(n, a, report, other, { signatures: [sign(report.digest, a.secret).bytes, sign(other.digest, b.secret).bytes] }).outcome, "NotEquivocation");
  refused(equivocation(n, a, report, other, { operator: b.operator }).outcome, "WrongAccount");
  const stranger = operators(6, "spare").find((o) => !n.members.some((m) => m.address === o.address));
  must(n.register(stranger));
  refused(equivocation(n, stranger, report, other).outcome, "NotMember");
  const elsewhere = n.report(null, { configDigest: hash("another config") });
  const elsewhere2 = n.report(null, { configDigest: hash("another config"), anchorNumber: 8n });
  refused(equivocation(n, a, elsewhere, elsewhere2).outcome, "WrongConfig");
  const tagged = (r) => { const raw = r.raw.replace("0x19", "0x18"); return { raw, digest: keccak256(raw) }; };
  refused(equivocation(n, a, tagged(report), tagged(other)).outcome, "BadTag");
  refused(equivocation(n, a, report, other, { bonds: n.vault }).outcome, "WrongAddress");
  refused(equivocation(n, a, report, other, { mint: n.vault }).outcome, "WrongAddress");
  refused(equivocation(n, a, report, other, { token_program: PROGRAM }).outcome, "WrongProgram");
  // Another epoch is another report: the second one's first 64 bytes are the first one's.
  const next = { ...n.report(null, { epoch: 2n }) };
  refused(equivocation(n, a, report, next).outcome, "NotEquivocation");
});
