// A network over a mint of Token-2022: which mints it takes, which token accounts it pays, and its whole life there.
import assert from "node:assert/strict";
import { toBytes } from "viem";
import { World, Network, must, refused, key, hash, pda, le, sign, extended, operators, web3, PROGRAM, TOKEN, TOKEN_2022, TOLERANCE, test } from "./rig.mjs";
import { Staking, THAW } from "./staking.mjs";
import { EXTENSIONS, TREASURY, associated, demand, extensionsOf, makeMint, realNetwork } from "./token2022.mjs";

const over = (names, options = {}) => {
  const world = new World();
  return new Network(world, {}, { makeMint: ({ authority, label }) => makeMint(world, { authority, label, names, ...options }) });
};
/** A network whose mint is Token-2022's and holds these bytes, which that program may never write. */
const holding = (change, mintOptions = {}) => {
  const n = new Network(new World(), {}, { mintOptions: { owner: TOKEN_2022, ...mintOptions } });
  n.world.put(n.mint, change(n.world.data(n.mint)), TOKEN_2022);
  return n;
};
const withExtensions = (...extensions) => holding((data) => data, { extensions });
const settled = (options) => {
  const n = new Network(new World(), {}, { mintOptions: { owner: TOKEN_2022 }, ...options }).ready(4, 3);
  const tree = n.tree([100n, 200n, 300n]);
  n.settle(tree);
  return { n, world: n.world, tree };
};

test("a network lives its whole life on a mint of Token-2022 with metadata, in associated accounts", () => {
  const n = realNetwork();
  const { world } = n;
  n.ready(7, 3);
  assert.deepEqual([n.vault, n.bonds].map((a) => [world.tokenProgramOf(a).toBase58(), world.data(a).length]), [[TOKEN_2022.toBase58(), 165], [TOKEN_2022.toBase58(), 165]]);
  assert.equal(world.fetch("Network", n.network).token_program, TOKEN_2022.toBase58());
  assert.ok(n.paid.every((p) => p.token.equals(associated(p.account.publicKey, n.mint)) && world.data(p.token).length === 170));

  // Reports: one challenged and void, one challenged and final.
  const challenger = key("challenger");
  world.fund(challenger.publicKey);
  const source = world.token("challenger", n.mint, challenger.publicKey, 10_000n);
  const challenge = (r) => must(n.call("challenge", { challenger: challenger.publicKey, challenge: pda("challenge", n.network, toBytes(r.digest)), source }, { epoch: r.epoch, evidence: hash("evidence") }, [challenger]));
  const tree = n.tree([100n, 200n, 300n]);
  const bad = n.report(tree);
  world.setTime(bad.periodEnd);
  must(n.attest(bad));
  challenge(bad);
  must(n.call("cancel", { arbiter: n.arbiter.publicKey }, { epoch: 1n }, [n.arbiter]));
  must(n.call("reclaim_bond", { challenge: pda("challenge", n.network, toBytes(bad.digest)), challenger: challenger.publicKey, to: source }, {}, []));
  assert.equal(world.balance(source), 10_000n);
  const good = n.report(tree);
  must(n.attest(good));
  challenge(good);
  world.pass(n.parameters.challenge_window + n.parameters.challenge_extension + TOLERANCE);
  must(n.finalize(1n, {}, [pda("challenge", n.network, toBytes(good.digest)), challenger.publicKey].map((pubkey) => ({ pubkey, isSigner: false, isWritable: true }))));
  assert.equal(world.supply(n.mint), TREASURY + 600n - n.parameters.challenge_bond);
  assert.equal(world.balance(n.vault), 600n);

  // Claims: one, and the others together by a third party.
  must(n.claim(tree, 0));
  must(n.claimMany(tree, [1, 2], world.payer));
  assert.deepEqual([...n.paid.map((p) => world.balance(p.token)), world.balance(n.vault)], [100n, 200n, 300n, 0n]);

  // Bonds: more of it, a slash with the reporter's share, an exit.
  const [member, leaving] = n.members;
  const own = (o) => ({ account: o.account.publicKey, operator: o.operator, source: o.source, to: o.source });
  must(n.call("add_bond", own(member), { amount: 1_000n }, [member.account]));
  const [a, b] = [n.report(tree), n.report(tree, { anchorNumber: 9n })];
  const reporter = world.token("reporter", n.mint, world.payer.publicKey);
  must(n.call("prove_equivocation", { reporter: world.payer.publicKey, config: n.config(1n), operator: member.operator, to: reporter },
    { report: toBytes(a.raw), other_rest: toBytes(b.raw).subarray(64), signature: sign(a.digest, member.secret).bytes, other_signature: sign(b.digest, member.secret).bytes }, []));
  assert.deepEqual([world.balance(reporter), world.balance(n.bonds)], [300n, 30_000n]);
  const spare = operators(12, "spare").find((o) => !n.members.some((m) => m.address === o.address));
  must(n.register(spare));
  must(n.call("request_exit", own(spare), {}, [spare.account]));
  world.pass(n.parameters.bond_thaw + TOLERANCE);
  must(n.call("withdraw_bond", own(spare), {}, [spare.account]));
  assert.equal(world.balance(spare.source), 1_000_000n);
  assert.equal(leaving.source.equals(associated(leaving.account.publicKey, n.mint)), true);

  // Stakes: in, slashed, out.
  const supply = world.supply(n.mint);
  const s = new Staking(world, "", n);
  world.put(n.mint, Buffer.from(world.data(n.mint)).fill(le(supply, 8), 36, 44), TOKEN_2022);
  must(s.open());
  must(s.deposit(s.provider, 1_000n));
  must(s.deposit(s.delegator, 500n));
  must(s.slash(100_000));
  assert.equal(world.balance(n.bonds), 30_000n + 1_350n);
  const before = world.balance(s.delegator.token);
  must(s.thaw(s.delegator));
  world.pass(THAW + TOLERANCE);
  must(s.withdraw(s.delegator, 0));
  assert.ok(world.balance(s.delegator.token) - before >= 449n, "a tenth was slashed");

  // Every token there is stands in one of these accounts.
  const accounts = [world.treasury.account, n.vault, n.bonds, source, reporter, spare.source, s.delegator.token, ...n.paid.map((p) => p.token), ...n.members.map((o) => o.source)];
  const all = [...new Set(accounts.map(String))].reduce((sum, account) => sum + world.balance(new web3.PublicKey(account)), 0n);
  assert.equal(all, world.supply(n.mint));
  assert.equal(world.supply(n.mint), TREASURY + 600n - n.parameters.challenge_bond - 5_700n - 150n);
});

test("a mint of Token-2022 without extensions, or with such as only describe the token, is taken", () => {
  for (const names of [[], ["MetadataPointer"], ["GroupPointer"], ["GroupMemberPointer"], ["MetadataPointer", "GroupPointer", "GroupMemberPointer"]]) must(over(names).initialize());
  // A group that is its own member, with metadata: every type that is taken.
  const n = over(["MetadataPointer", "GroupPointer", "GroupMemberPointer"]);
  const update = key("update");
  const own = extensionsOf(n.mint, { update: update.publicKey, authority: n.authority.publicKey });
  const group = key("group");
  makeMint(n.world, { authority: n.authority.publicKey, label: "group", names: ["GroupPointer"] });
  const others = extensionsOf(group.publicKey, { update: update.publicKey, authority: n.authority.publicKey });
  must(n.world.send([others.group(), own.metadata(), own.group(), own.member(group.publicKey)], [n.authority, update]));
  const types = [];
  for (let data = n.world.data(n.mint).subarray(166); data.length > 0; data = data.subarray(4 + data.readUInt16LE(2))) types.push(data.readUInt16LE(0));
  assert.deepEqual(types.sort(), [18, 19, 20, 21, 22, 23]);
  must(n.initialize());
});

for (const name of Object.keys(EXTENSIONS).filter((name) => !name.endsWith("Pointer"))) {
  test(`a mint with the extension ${name} is refused`, () => {
    const { type, needs = [] } = EXTENSIONS[name];
    const n = over([...needs, name]);
    assert.ok(n.world.data(n.mint).includes(Buffer.concat([le(type, 2), le(EXTENSIONS[name].size, 2)])), "the program wrote the extension");
    refused(n.initialize(), "BadMint");
    refused(withExtensions([type, Buffer.alloc(EXTENSIONS[name].size)]).initialize(), "BadMint");
    refused(withExtensions([18, Buffer.alloc(64)], [type, []]).initialize(), "BadMint");
  });
}

test("a mint with an extension that nobody knows, or of token accounts, is refused", () => {
  const taken = [18, 19, 20, 21, 22, 23];
  for (let type = 1; type <= 64; type++) {
    const outcome = withExtensions([type, Buffer.alloc(8)]).initialize();
    // The token program reads its own types behind us, and some of them must be as long as they are.
    if (!taken.includes(type)) refused(outcome, "BadMint");
    else assert.notEqual(outcome.error, "BadMint", `type ${type}`);
  }
  for (const type of [0x0112, 0x1200, 0xfffd, 0xffff]) refused(withExtensions([type, []]).initialize(), "BadMint");
});

test("a mint whose extensions are cut off, too long, of another kind of account or followed by anything is refused", () => {
  const extensions = [[18, Buffer.alloc(64)], [19, Buffer.alloc(100, 1)]];
  must(holding((data) => Buffer.concat([data, Buffer.alloc(3)])).initialize());
  for (const [what, change] of [
    ["cut off in a value", (data) => data.subarray(0, data.length - 1)],
    ["cut off in a length", (data) => Buffer.concat([data, Buffer.from([18, 0, 0])])],
    ["cut off in a type", (data) => Buffer.concat([data, Buffer.from([18])])],
    ["longer than the account", (data) => Buffer.concat([data, Buffer.from([19, 0, 255, 255, 1])])],
    ["a value that ends one byte behind", (data) => Buffer.concat([data, Buffer.from([19, 0, 2, 0, 1])])],
    ["something behind the last", (data) => Buffer.concat([data, Buffer.from([0, 0, 0, 0, 0, 0, 1])])],
    ["a length without a type", (data) => Buffer.concat([data, Buffer.from([0, 0, 1, 0, 0])])],
    ["a token account", (data) => Buffer.from(data).fill(2, 165, 166)],
    ["nothing", (data) => Buffer.from(data).fill(0, 165, 166)],
    ["an unknown kind", (data) => Buffer.from(data).fill(3, 165, 166)],
    ["something before the kind", (data) => Buffer.from(data).fill(1, 164, 165)],
    ["something behind the base", (data) => Buffer.from(data).fill(1, 82, 83)],
    ["no kind", (data) => data.subarray(0, 165)],
    ["a base and a byte", (data) => data.subarray(0, 83)],
    ["half a base", (data) => data.subarray(0, 81)],
    ["as long as several signers' account", (data) => Buffer.concat([data, Buffer.alloc(355 - data.length)])],
  ]) {
    const outcome = holding(change, { extensions }).initialize();
    assert.equal(outcome.ok ? "accepted" : outcome.error, "BadMint", `${what}\n${outcome.logs.join("\n")}`);
  }
  must(holding((data) => data, { extensions: [extensions[0]] }).initialize());
  refused(over([], { freeze: key("freezer").publicKey }).initialize(), "BadMint");
  refused(over(["MetadataPointer"], { decimals: 10 }).initialize(), "BadMint");
});

test("a mint of one token program is none of the other's, and SPL Token has no extensions", () => {
  refused(over(["MetadataPointer"]).initialize({ token_program: TOKEN }), "BadMint");
  refused(over([]).initialize({ token_program: TOKEN }), "BadMint");
  refused(new Network(new World(), {}, { mintOptions: { owner: TOKEN } }).initialize({ token_program: TOKEN_2022 }), "BadMint");
  refused(new Network(new World(), {}, { mintOptions: { owner: TOKEN, extensions: [[18, Buffer.alloc(64)]] } }).initialize(), "BadMint");
  refused(over([]).initialize({ token_program: PROGRAM }), "WrongProgram");
});

test("a network's token program is never swapped for the other", () => {
  for (const [owner, other] of [[TOKEN, TOKEN_2022], [TOKEN_2022, TOKEN]]) {
    const { n, tree } = settled({ mintOptions: { owner } });
    const { world } = n;
    const swapped = { token_program: other };
    const [o] = n.members;
    const own = { account: o.account.publicKey, operator: o.operator, source: o.source, to: o.source };
    const challenger = key("challenger");
    world.fund(challenger.publicKey);
    refused(n.claim(tree, 0, n.paid[0].account, swapped), "WrongProgram");
    refused(n.call("claim_many", { sender: world.payer.publicKey, ...swapped }, { root: toBytes(tree.root), claims: [] }, []), "WrongProgram");
    refused(n.call("add_bond", { ...own, ...swapped }, { amount: 1n }, [o.account]), "WrongProgram");
    refused(n.call("withdraw_bond", { ...own, ...swapped }, {}, [o.account]), "WrongProgram");
    refused(n.register(operators(1, "another")[0], swapped), "WrongProgram");
    const next = n.report(tree);
    world.setTime(next.periodEnd);
    must(n.attest(next));
    const challenge = pda("challenge", n.network, toBytes(next.digest));
    const source = world.token("challenger's tokens", n.mint, challenger.publicKey, 10_000n);
    const dispute = (accounts) => n.call("challenge", { challenger: challenger.publicKey, challenge, source, ...accounts }, { epoch: 2n, evidence: hash("e") }, [challenger]);
    refused(dispute(swapped), "WrongProgram");
    must(dispute({}));
    refused(n.call("reclaim_bond", { challenge, challenger: challenger.publicKey, to: source, ...swapped }, {}, []), "WrongProgram");
    world.pass(n.parameters.challenge_window + n.parameters.challenge_extension + TOLERANCE);
    refused(n.finalize(2n, swapped), "WrongProgram");
    refused(n.call("prove_equivocation", { reporter: world.payer.publicKey, config: n.config(1n), operator: o.operator, to: source, ...swapped },
      { report: toBytes(next.raw), other_rest: toBytes(next.raw).subarray(64), signature: new Uint8Array(64), other_signature: new Uint8Array(64) }, []), "WrongProgram");
    const s = new Staking(world, "", n).ready();
    refused(s.deposit(s.provider, 100n, swapped), "WrongProgram");
    must(s.deposit(s.provider, 100n));
    must(s.thaw(s.provider, 1_000n));
    refused(s.withdraw(s.provider, 0, swapped), "WrongProgram");
    refused(s.slash(1, swapped), "WrongProgram");
    // Nor does an account of the other program take anything.
    refused(n.claim(tree, 0, n.paid[0].account, { to: world.token("of the other", n.mint, n.paid[0].account.publicKey, 0n, { program: other }) }), "BadRecipient");
    must(n.claim(tree, 0));
  }
});

test("a reward goes to token accounts whose extensions are their owner's own affair, and to no malformed one", () => {
  const { n, world, tree } = settled();
  const [a] = n.paid;
  const { publicKey } = a.account;
  const claim = (label, extensions, change = (data) => data) => {
    const to = world.token(label, n.mint, publicKey, 0n, { extensions });
    world.put(to, change(world.data(to)), TOKEN_2022);
    return n.claim(tree, 0, a.account, { to });
  };
  const owner = [7, []];
  for (const [label, extensions, change] of [
    ["a fee withheld", [owner, [2, Buffer.alloc(8)]]], ["confidential", [[5, Buffer.alloc(295)]]], ["not transferable", [[13, []]]], ["hooked", [[15, [0]]]],
    ["a confidential fee", [[17, Buffer.alloc(64)]]], ["pausable", [[27, []]]], ["a mint's", [[18, Buffer.alloc(64)]]], ["unknown", [owner, [29, []]]],
    ["of another kind", [owner], (data) => Buffer.from(data).fill(1, 165, 166)], ["of no kind", [owner], (data) => Buffer.from(data).fill(0, 165, 166)],
    ["one byte too long", [], (data) => Buffer.concat([data, Buffer.alloc(1)])], ["cut off", [[8, [0]]], (data) => data.subarray(0, data.length - 1)],
    ["followed by something", [owner], (data) => Buffer.concat([data, Buffer.from([0, 0, 0, 0, 9])])], ["cut off in its head", [owner], (data) => Buffer.concat([data, Buffer.from([11])])],
    ["several signers'", [owner], (data) => Buffer.concat([data, Buffer.alloc(355 - data.length)])],
    ["a memo asked for", [owner, [8, [1]]]], ["frozen", [owner], (data) => Buffer.from(data).fill(2, 108, 109)],
  ]) {
    const outcome = claim(label, extensions, change);
    assert.equal(outcome.ok ? "paid" : outcome.error, "BadRecipient", `${label}\n${outcome.logs.join("\n")}`);
  }
  for (const [label, extensions, change = (data) => data] of [["plain", []], ["its owner for ever", [owner]], ["no memo asked for", [owner, [8, [0]]]], ["kept from calls", [owner, [11, [1]]]], ["with room for more", [owner], (data) => Buffer.concat([data, Buffer.alloc(5)])]]) {
    const fork = settled();
    const to = fork.world.token(label, fork.n.mint, publicKey, 0n, { extensions });
    fork.world.put(to, change(fork.world.data(to)), TOKEN_2022);
    must(fork.n.claim(fork.tree, 0, a.account, { to }));
    assert.equal(fork.world.balance(to), 100n, label);
  }
});

test("an account of SPL Token has no extensions, and several signers' account is none of them", () => {
  const { n, world, tree } = settled({ mintOptions: { owner: TOKEN } });
  const [a] = n.paid;
  const to = world.token("extended", n.mint, a.account.publicKey, 0n, { extensions: [[7, []]] });
  refused(n.claim(tree, 0, a.account, { to }), "BadRecipient");
  world.put(to, Buffer.concat([world.data(to).subarray(0, 165), Buffer.alloc(190)]), TOKEN);
  refused(n.claim(tree, 0, a.account, { to }), "BadRecipient");
});

test("who asks for a memo or keeps an account from calls stops its own transfers and nobody else's", () => {
  const n = realNetwork();
  const { world } = n;
  n.ready(4, 3);
  const tree = n.tree([100n, 200n, 300n]);
  n.settle(tree);
  const [first, second] = n.paid;
  demand(world, first.token, first.account, 8);
  demand(world, second.token, second.account, 11);
  refused(n.claim(tree, 0), "BadRecipient");
  const batch = must(n.claimMany(tree, [0, 1, 2], world.payer));
  assert.deepEqual(batch.events.map((e) => [e.name, e.index]), [["ClaimSkipped", 0], ["Claimed", 1], ["Claimed", 2]]);
  const distributor = world.fetch("Distributor", n.distributor);
  assert.deepEqual([distributor.total_claimed, distributor.level, world.fetch("Page", first.page).claimed[0]], [500n, 500n, 0n]);
  demand(world, first.token, first.account, 8, false);
  must(n.claim(tree, 0));
  assert.deepEqual(n.paid.map((p) => world.balance(p.token)), [100n, 200n, 300n]);
  // A challenger who asks for one gets its bond back when it no longer does.
  const challenger = key("challenger");
  world.fund(challenger.publicKey);
  const source = world.token("challenger", n.mint, challenger.publicKey, 10_000n);
  const report = n.report(tree);
  world.setTime(report.periodEnd);
  must(n.attest(report));
  const challenge = pda("challenge", n.network, toBytes(report.digest));
  must(n.call("challenge", { challenger: challenger.publicKey, challenge, source }, { epoch: 2n, evidence: hash("evidence") }, [challenger]));
  must(n.call("cancel", { arbiter: n.arbiter.publicKey }, { epoch: 2n }, [n.arbiter]));
  demand(world, source, challenger, 8);
  const reclaim = () => n.call("reclaim_bond", { challenge, challenger: challenger.publicKey, to: source }, {}, []);
  refused(reclaim(), "BadRecipient");
  demand(world, source, challenger, 8, false);
  must(reclaim());
  assert.equal(world.balance(source), 10_000n);
  // A deposit out of an account that is kept from calls fails in the token program; its owner lifts that.
  const [o] = n.members;
  const add = () => n.call("add_bond", { account: o.account.publicKey, operator: o.operator, source: o.source }, { amount: 7n }, [o.account]);
  demand(world, o.source, o.account, 11);
  const guarded = add();
  assert.ok(!guarded.ok && guarded.logs.some((l) => l.includes("custom program error: 0x2a")), guarded.logs.join("\n"));
  demand(world, o.source, o.account, 11, false);
  must(add());
});

test("a mint gets no extension after its network was opened, and metadata that grow change nothing", () => {
  const n = realNetwork();
  const { world } = n;
  const pointed = over(["MetadataPointer", "GroupPointer"]);
  n.ready(4, 1);
  must(pointed.initialize());
  const later = extensionsOf(pointed.mint, { update: n.update.publicKey, authority: pointed.authority.publicKey });
  for (const add of [later.metadata(), later.group()]) assert.ok(!pointed.world.send(add, [pointed.authority]).ok, "the mint's authority is the network");
  const before = world.data(n.mint).length;
  must(world.send([web3.SystemProgram.transfer({ fromPubkey: world.payer.publicKey, toPubkey: n.mint, lamports: 50_000_000 }), n.extensions.metadataField("note", "x".repeat(600))], [n.update]));
  assert.ok(world.data(n.mint).length >= before + 600);
  const tree = n.tree([100n]);
  n.settle(tree);
  must(n.claim(tree, 0));
  assert.equal(world.balance(n.paid[0].token), 100n);
});
