import assert from "node:assert/strict";
import { toBytes, toHex } from "viem";
import { World, Network, must, refused, key, pda, hash, le, operators, NOBODY, PROGRAM, SYSTEM, TOLERANCE, EVENT_TAG, web3, idl, defaults, test } from "./rig.mjs";

const fresh = (parameters, options) => new Network(new World(), parameters, options);
const zero = new Uint8Array(32);

test("a network takes its mint over for good, and its accounts say so", () => {
  const n = fresh();
  const outcome = must(n.initialize());
  assert.deepEqual(outcome.events.map((e) => e.name), ["NetworkInitialized"]);
  assert.equal(new web3.PublicKey(n.world.data(n.mint).subarray(4, 36)).toBase58(), n.network.toBase58());
  for (const account of [n.vault, n.bonds]) {
    const data = n.world.data(account);
    assert.equal(new web3.PublicKey(data.subarray(0, 32)).toBase58(), n.mint.toBase58());
    assert.equal(new web3.PublicKey(data.subarray(32, 64)).toBase58(), n.network.toBase58());
  }
  const state = n.world.fetch("Network", n.network);
  for (const [field, value] of Object.entries(n.parameters)) {
    if (typeof value === "bigint" && field in state) assert.equal(state[field], value, field);
  }
});

test("nobody makes a network twice, or over a mint that is not his", () => {
  const n = fresh();
  refused(n.call("initialize", { payer: n.world.payer.publicKey, mint_authority: n.owner.publicKey }, { parameters: n.parameters }, [n.owner, n.world.payer]), "BadMint");
  must(n.initialize());
  n.world.pass(1);
  // The mint's authority is the network now; even with the authority put back nobody starts over.
  n.world.put(n.mint, Buffer.concat([le(1, 4), n.authority.publicKey.toBuffer(), n.world.data(n.mint).subarray(36)]), n.accounts.token_program);
  refused(n.initialize(), "AlreadyExists");
});

test("who must sign a new network does", () => {
  const n = fresh();
  const unsigned = n.world.instruction("initialize", { ...n.accounts, payer: n.world.payer.publicKey, mint_authority: n.authority.publicKey }, { parameters: n.parameters });
  unsigned.keys[1].isSigner = false;
  refused(n.world.send(unsigned), "NotSigner");
});

test("an address that was prefunded to get in the way is made all the same", () => {
  const n = fresh();
  n.world.fund(n.network, 5_000_000n);
  n.world.fund(n.vault, 50_000_000n);
  must(n.initialize());
});

test("a network's accounts stand at their addresses and nowhere else", () => {
  for (const name of ["network", "ledger", "distributor", "vault", "bonds"]) {
    const n = fresh();
    refused(n.initialize({ [name]: key("elsewhere").publicKey }), "WrongAddress");
  }
});

test("a mint that somebody could freeze, of another program, with too many decimals or not one at all is refused", () => {
  refused(fresh({}, { mintOptions: { freeze: key("freezer").publicKey } }).initialize(), "BadMint");
  refused(fresh({}, { mintOptions: { decimals: 10 } }).initialize(), "BadMint");
  refused(fresh({}, { mintOptions: { owner: PROGRAM } }).initialize(), "BadMint");
  for (const change of [(mint) => Buffer.concat([mint, Buffer.alloc(1, 1)]), (mint) => mint.subarray(0, mint.length - 1), () => Buffer.alloc(0)]) {
    const n = fresh();
    n.world.put(n.mint, change(n.world.data(n.mint)), n.accounts.token_program);
    refused(n.initialize(), "BadMint");
  }
  const blank = fresh();
  blank.world.put(blank.mint, Buffer.from(blank.world.data(blank.mint)).fill(0, 45, 46), blank.accounts.token_program);
  refused(blank.initialize(), "BadMint");
  const orphan = fresh();
  orphan.world.put(orphan.mint, Buffer.from(orphan.world.data(orphan.mint)).fill(0, 0, 4), orphan.accounts.token_program);
  refused(orphan.initialize(), "BadMint");
});

test("only the token program is called as the token program", () => {
  refused(fresh().initialize({ token_program: PROGRAM }), "WrongProgram");
  refused(fresh().initialize({ token_program: key("a look-alike").publicKey }), "WrongProgram");
  refused(fresh().initialize({ system_program: key("a look-alike").publicKey }), "WrongProgram");
});

test("parameters out of their bounds are refused", () => {
  for (const [change, error] of [
    [{ owner: NOBODY }, "ZeroKey"], [{ arbiter: NOBODY }, "ZeroKey"], [{ chain: zero }, "ZeroKey"], [{ genesis: 0n }, "BadParameter"],
    [{ epoch_length: 0n }, "BadParameter"], [{ challenge_window: 0n }, "BadParameter"], [{ challenge_bond: 0n }, "BadParameter"], [{ min_bond: 0n }, "BadParameter"],
    [{ reporter_bps: 501 }, "BadParameter"], [{ emission_decay: 1n << 96n }, "BadParameter"], [{ breaker_window: 0n }, "BadParameter"],
    [{ breaker_window: 1n << 32n }, "BadParameter"], [{ breaker_min_capacity: 0n }, "BadParameter"], [{ breaker_capacity: 999_999n }, "CapacityOutOfBounds"],
    [{ breaker_capacity: 100_000_000_001n }, "CapacityOutOfBounds"],
  ]) refused(fresh().initialize({}, change), error);
});

test("the emission of all time fits beside the supply, to the unit", () => {
  const half = 1n << 95n; // base / (1 − 1/2) = 2 · base
  const room = (1n << 64n) - 1n;
  const supply = room - 2_000n;
  must(fresh({}, { mintOptions: { supply } }).initialize({}, { emission_base: 1_000n, emission_decay: half }));
  refused(fresh({}, { mintOptions: { supply: supply + 1n } }).initialize({}, { emission_base: 1_000n, emission_decay: half }), "ScheduleExceedsCap");
});

test("instructions with too little, too much or no data are refused", () => {
  const n = fresh();
  must(n.initialize());
  const send = (data) => n.world.send(new web3.TransactionInstruction({ programId: PROGRAM, keys: [], data: Buffer.from(data) }));
  refused(send([]), "UnknownInstruction");
  refused(send([1, 2, 3]), "UnknownInstruction");
  refused(send([1, 2, 3, 4, 5, 6, 7, 8]), "UnknownInstruction");
  for (const definition of idl.instructions) refused(send(definition.discriminator), "TooFewAccounts");
  const crowd = Array.from({ length: 65 }, () => ({ pubkey: n.ledger, isSigner: false, isWritable: false }));
  const crowded = (count) => n.world.send(new web3.TransactionInstruction({ programId: PROGRAM, keys: crowd.slice(0, count), data: Buffer.alloc(8) }));
  refused(crowded(64), "UnknownInstruction");
  refused(crowded(65), "TooManyAccounts");
  const capacity = n.world.instruction("set_breaker", { ...n.accounts, owner: n.owner.publicKey }, { capacity: 2_000_000n });
  for (const data of [capacity.data.subarray(0, 12), Buffer.concat([capacity.data, Buffer.from([0])])]) {
    refused(n.world.send(new web3.TransactionInstruction({ ...capacity, data }), [n.owner]), "BadData");
  }
});

test("every instruction with bytes behind its arguments is refused", () => {
  const n = fresh().ready(4, 1);
  const o = n.members[0];
  const paid = n.paid[0];
  const common = { account: o.account.publicKey, operator: o.operator, source: o.source, to: o.source };
  const cases = [
    ["propose_owner", { owner: n.owner.publicKey }, { pending: NOBODY }, n.owner], ["add_bond", common, { amount: 1n }, o.account],
    ["set_endpoint", common, { endpoint: "x" }, o.account], ["request_exit", { ...common, config: n.config(1n) }, {}, o.account], ["withdraw_bond", common, {}, o.account],
    ["cancel", { arbiter: n.arbiter.publicKey }, { epoch: 1n }, n.arbiter], ["finalize", {}, { epoch: 1n }], ["apply_recipient", { payout: paid.payout }, {}],
    ["schedule_recipient", { account: paid.account.publicKey, payout: paid.payout }, { recipient: SYSTEM }, paid.account],
  ];
  for (const [name, accounts, args, signer] of cases) {
    const i = n.world.instruction(name, { ...n.accounts, ...accounts }, args);
    i.data = Buffer.concat([i.data, Buffer.from([0])]);
    const outcome = n.world.send(i, signer ? [signer] : []);
    assert.ok(!outcome.ok && ["BadData", "BondLocked"].includes(outcome.error), `${name}: ${outcome.error}`);
  }
});

test("ownership changes hands in two steps", () => {
  const n = fresh();
  must(n.initialize());
  const next = key("next owner");
  const propose = (signer, to = next.publicKey) => n.call("propose_owner", { owner: signer.publicKey }, { pending: to }, [signer]);
  const accept = (signer) => n.call("accept_owner", { pending: signer.publicKey }, {}, [signer]);
  n.world.fund(next.publicKey);
  refused(accept(next), "NotAuthorized");
  refused(propose(next), "NotAuthorized");
  must(propose(n.owner));
  refused(accept(n.owner), "NotAuthorized");
  must(accept(next));
  refused(propose(n.owner), "NotAuthorized");
  must(propose(next, n.owner.publicKey));
  assert.equal(n.world.fetch("Network", n.network).owner, next.publicKey.toBase58());
});

test("signing is asked of who acts, not only naming him", () => {
  const n = fresh().ready(4, 1);
  const strip = (name, accounts, args) => {
    const i = n.world.instruction(name, { ...n.accounts, ...accounts }, args);
    for (const k of i.keys) k.isSigner = false;
    return n.world.send(i);
  };
  const o = n.members[0];
  const paid = n.paid[0];
  for (const [name, accounts, args] of [
    ["propose_owner", { owner: n.owner.publicKey }, { pending: key("thief").publicKey }], ["set_breaker", { owner: n.owner.publicKey }, { capacity: 2_000_000n }],
    ["cancel", { arbiter: n.arbiter.publicKey }, { epoch: 1n }], ["add_bond", { account: o.account.publicKey, operator: o.operator, source: o.source }, { amount: 1n }],
    ["withdraw_bond", { account: o.account.publicKey, operator: o.operator, to: o.source }, {}],
    ["schedule_recipient", { account: paid.account.publicKey, payout: paid.payout }, { recipient: key("thief").publicKey }],
    ["schedule_config", { owner: n.owner.publicKey, payer: n.world.payer.publicKey, config: n.config(2n), previous: n.config(1n) }, { first_epoch: 9n, parameters_hash: zero, rules_hash: zero }],
    ["register_operator", { account: o.account.publicKey, operator: o.operator, used_key: o.operator, source: o.source }, { report_key: new Uint8Array(20), protocol_key: zero, bond: 1n, endpoint: "" }],
  ]) refused(strip(name, accounts, args), "NotSigner");
});

test("the breaker moves within its bounds, by its owner only", () => {
  const n = fresh();
  must(n.initialize());
  const set = (capacity, signer = n.owner) => n.call("set_breaker", { owner: signer.publicKey }, { capacity }, [signer]);
  refused(set(2_000_000n, n.arbiter), "NotAuthorized");
  refused(set(999_999n), "CapacityOutOfBounds");
  refused(set(100_000_000_001n), "CapacityOutOfBounds");
  must(set(1_000_000n));
  must(set(100_000_000_000n));
});

// --- operators

test("an operator registers once with its own keys and at least the least bond", () => {
  const n = fresh();
  must(n.initialize());
  const [a, b] = operators(2);
  refused(n.register(a, { bond: 4_999n }), "BondTooLow");
  refused(n.register({ ...a, address: `0x${"00".repeat(20)}` }), "ZeroKey");
  refused(n.register({ ...a, protocolKey: zero }), "ZeroKey");
  must(n.register(a, { endpoint: "x".repeat(128) }));
  assert.equal(n.world.balance(n.bonds), 5_000n);
  refused(n.register(a), "AlreadyExists");
  refused(n.register({ ...b, protocolKey: a.protocolKey }), "AlreadyExists");
  refused(n.register(b, { endpoint: "x".repeat(129) }), "BadData");
  refused(n.register(b, { operator: key("elsewhere").publicKey }), "WrongAddress");
  refused(n.register(b, { used_key: key("elsewhere").publicKey }), "WrongAddress");
  refused(n.register(b, { bonds: b.source }), "WrongAddress");
  const readOnly = n.world.instruction("register_operator", { ...n.accounts, account: b.account.publicKey, operator: b.operator, used_key: pda("protocol-key", n.network, b.protocolKey), source: b.source },
    { report_key: toBytes(b.address), protocol_key: b.protocolKey, bond: 5_000n, endpoint: "" });
  readOnly.keys[3].isWritable = false;
  refused(n.world.send(readOnly, [b.account]), "NotWritable");
  refused(n.register(b, { token_program: PROGRAM }), "WrongProgram");
  const state = n.world.fetch("Operator", a.operator);
  assert.deepEqual([state.report_key, state.bond, state.endpoint_length], [a.address, 5_000n, 128]);
});

test("events alone say what a network, its operators and its sets are", () => {
  const n = fresh();
  const [said] = must(n.initialize()).events;
  const [network, distributor] = [n.world.fetch("Network", n.network), n.world.fetch("Distributor", n.distributor)];
  const { name: _, network: at, breaker_capacity, breaker_min_capacity, breaker_max_capacity, breaker_window, domain, ...rest } = said;
  assert.equal(at, n.network.toBase58());
  assert.deepEqual([breaker_capacity, breaker_min_capacity, breaker_max_capacity, breaker_window, domain],
    [distributor.capacity, distributor.min_capacity, distributor.max_capacity, distributor.window, distributor.domain]);
  const derived = ["bump", "token_program", "vault", "bonds", "pending_owner"];
  assert.deepEqual(rest, Object.fromEntries(Object.entries(network).filter(([field]) => !derived.includes(field))));

  n.members = operators(7);
  for (const o of n.members) {
    const [registered] = must(n.register(o, { endpoint: `https://${o.address}.example` })).events;
    assert.deepEqual([registered.report_key, registered.protocol_key, registered.bond, registered.endpoint, registered.account],
      [o.address, toHex(o.protocolKey), 5_000n, `https://${o.address}.example`, o.account.publicKey.toBase58()]);
  }
  const [o] = n.members;
  const [moved] = must(n.call("set_endpoint", { account: o.account.publicKey, operator: o.operator }, { endpoint: "https://mühle.example" }, [o.account])).events;
  assert.deepEqual([moved.report_key, moved.endpoint], [o.address, "https://mühle.example"]);
  const [first] = must(n.schedule(n.members.slice(0, 4))).events;
  assert.equal(first.previous_last_epoch, 0n);
  const [second] = must(n.schedule(n.members, 5n)).events;
  for (const [event, count, size] of [[first, 1n, 4], [second, 2n, 7]]) {
    const config = n.world.fetch("Config", n.config(count));
    for (const field of ["count", "first_epoch", "digest", "parameters_hash", "rules_hash", "n", "q"]) assert.equal(event[field], config[field], field);
    assert.deepEqual(event.members, config.members.slice(0, size));
    assert.equal(event.members.length, size);
  }
  assert.equal(second.previous_last_epoch, n.world.fetch("Config", n.config(1n)).last_epoch);
});

test("a text that is not one is refused, so that every event can be decoded", () => {
  const n = fresh().ready(4);
  const [o] = n.members;
  const instruction = n.world.instruction("set_endpoint", { ...n.accounts, account: o.account.publicKey, operator: o.operator }, { endpoint: "abc" });
  instruction.data[instruction.data.length - 1] = 0xff;
  refused(n.world.send(instruction, [o.account]), "BadData");
  refused(n.call("set_endpoint", { account: o.account.publicKey, operator: o.operator }, { endpoint: "x".repeat(129) }, [o.account]), "BadData");
});

test("an operator's account is its owner's to act for", () => {
  const n = fresh().ready();
  const [a, b] = n.members;
  const as = (o, name, args, signer = o.account) => n.call(name, { account: signer.publicKey, operator: o.operator, source: o.source, to: o.source, config: n.config(1n) }, args, [signer]);
  must(as(a, "set_endpoint", { endpoint: "https://new.example" }));
  refused(as(a, "set_endpoint", { endpoint: "x" }, b.account), "NotAuthorized");
  refused(as(a, "set_endpoint", { endpoint: "x".repeat(129) }), "BadData");
  must(as(a, "add_bond", { amount: 10n }));
  refused(as(a, "add_bond", { amount: 10n }, b.account), "NotAuthorized");
  assert.equal(n.world.fetch("Operator", a.operator).bond, 5_010n);
  refused(as(a, "add_bond", { amount: (1n << 64n) - 1n }), "Overflow");
});

test("a set has 3f + 1 registered operators, ascending, none of them twice", () => {
  const n = fresh();
  must(n.initialize());
  const set = operators(5);
  for (const o of set) must(n.register(o));
  refused(n.schedule(set.slice(0, 3)), "BadSetSize");
  refused(n.schedule(set), "BadSetSize");
  refused(n.schedule([set[0], set[1], set[1], set[2]]), "NotAscending");
  refused(n.schedule([set[1], set[0], set[2], set[3]]), "NotAscending");
  refused(n.schedule([set[0], set[1], set[2], { operator: n.ledger }]), "WrongAccount");
  refused(n.schedule([set[0], set[1], set[2], { operator: set[3].source }]), "WrongOwner");
  refused(n.schedule(set.slice(0, 4), 1n, { owner: n.arbiter.publicKey }, [n.arbiter]), "NotAuthorized");
  refused(n.schedule(set.slice(0, 4), 0n), "EpochStarted");
  refused(n.schedule(set.slice(0, 4), 1n, { config: n.config(2n) }), "WrongAddress");
  must(n.schedule(set.slice(0, 4)));
  const config = n.world.fetch("Config", n.config(1n));
  assert.deepEqual([config.n, config.q, config.first_epoch, config.last_epoch], [4, 3, 1n, (1n << 64n) - 1n]);
});

test("an operator of another network is none of this one's", () => {
  const world = new World();
  const [one, two] = [new Network(world, {}, { label: "one" }), new Network(world, {}, { label: "two" })];
  one.ready();
  two.ready();
  refused(one.schedule([...one.members.slice(0, 3), two.members[3]].sort((a, b) => (a.address < b.address ? -1 : 1)), 5n), "WrongAccount");
  const foreign = two.members[0];
  refused(one.call("set_endpoint", { account: foreign.account.publicKey, operator: foreign.operator }, { endpoint: "x" }, [foreign.account]), "WrongAccount");
  refused(one.schedule(one.members, 5n, { previous: two.config(1n) }), "WrongConfig");
  refused(one.schedule(one.members, 5n, { ledger: two.ledger }), "WrongAddress");
});

test("behind a set that starts at the last epoch of all no set comes, but a recovery does", () => {
  const n = fresh().ready();
  must(n.schedule(n.members, (1n << 64n) - 1n));
  refused(n.schedule(n.members, 9n), "Overflow");
  refused(n.schedule(n.members, (1n << 64n) - 1n), "Overflow");
  n.world.setTime(n.parameters.genesis + n.parameters.epoch_length + n.parameters.recovery_silence);
  must(n.set("recover", n.members, { parameters_hash: hash("parameters"), rules_hash: hash("rules") }));
  must(n.schedule(n.members, 9n));
});

test("sets change only at an epoch that has not started, after the set before", () => {
  const n = fresh().ready();
  n.world.setTime(n.parameters.genesis + 2n * n.parameters.epoch_length); // epoch 3 begins
  refused(n.schedule(n.members, 3n), "EpochStarted");
  must(n.schedule(n.members, 6n));
  refused(n.schedule(n.members, 6n), "EpochStarted");
  refused(n.schedule(n.members, 7n, { previous: n.config(1n) }), "WrongConfig");
  must(n.schedule(n.members, 7n));
  assert.equal(n.world.fetch("Config", n.config(2n)).last_epoch, 6n);
  for (let epoch = 8n; epoch < 13n; epoch++) must(n.schedule(n.members, epoch));
  refused(n.schedule(n.members, 13n), "TooManyConfigs");
});

test("a bond leaves only when its operator's last epoch is final and the thaw is over", () => {
  const n = fresh().ready();
  const extra = operators(8).filter((o) => !n.members.some((m) => m.address === o.address)).slice(0, 1);
  const [leaver] = n.members;
  const exit = (o, config = 1n, signer = o.account) => n.call("request_exit", { account: signer.publicKey, operator: o.operator, config: config ? n.config(config) : undefined }, {}, [signer]);
  const withdraw = (o, signer = o.account) => n.call("withdraw_bond", { account: signer.publicKey, operator: o.operator, to: o.source }, {}, [signer]);
  refused(exit(leaver), "BondLocked");
  refused(withdraw(leaver), "BondLocked");
  for (const o of extra) must(n.register(o));
  const next = [...n.members.slice(1), ...extra].sort((a, b) => (a.address < b.address ? -1 : 1));
  n.world.setTime(n.parameters.genesis + 10n);
  must(n.schedule(next, 2n));
  refused(exit(leaver), "BondLocked"); // it still signs epoch 1
  n.settle(null);
  refused(exit(leaver, 2n), "WrongConfig");
  refused(exit(leaver, 1n, n.members[1].account), "NotAuthorized");
  must(exit(leaver));
  refused(exit(leaver), "OperatorExiting");
  refused(n.schedule(n.members, 9n), "OperatorExiting");
  refused(n.call("add_bond", { account: leaver.account.publicKey, operator: leaver.operator, source: leaver.source }, { amount: 1n }, [leaver.account]), "OperatorExiting");
  n.world.pass(n.parameters.bond_thaw + TOLERANCE - 1n);
  refused(withdraw(leaver), "BondLocked");
  n.world.pass(1n);
  refused(withdraw(leaver, n.members[1].account), "NotAuthorized");
  const before = n.world.balance(leaver.source);
  must(withdraw(leaver));
  must(withdraw(leaver)); // again, and nothing comes
  assert.equal(n.world.balance(leaver.source), before + 5_000n);
  refused(exit(n.members[1], 2n), "BondLocked");
});

test("an operator that was never in a set leaves without one", () => {
  const n = fresh();
  must(n.initialize());
  const [o] = operators(1);
  must(n.register(o));
  must(n.call("request_exit", { account: o.account.publicKey, operator: o.operator }, {}, [o.account]));
});

test("a set is recovered after silence, or when an epoch was cancelled twice", () => {
  const n = fresh().ready();
  const recover = (members = n.members) => n.set("recover", members, { parameters_hash: hash("p"), rules_hash: hash("r") });
  const end = n.parameters.genesis + n.parameters.epoch_length;
  n.world.setTime(end + n.parameters.recovery_silence - 1n);
  refused(recover(), "RecoveryNotAllowed");
  n.world.pass(1n);
  must(recover());
  assert.equal(n.world.fetch("Config", n.config(2n)).first_epoch, 1n);
  assert.equal(n.world.fetch("Config", n.config(1n)).last_epoch, 1n);
  // The old config no longer counts for epoch 1.
  const report = n.report(null);
  assert.equal(report.count, 2n);
  const old = n.report(null, { configDigest: n.world.fetch("Config", n.config(1n)).digest });
  refused(n.attest(old, n.signatures(old), { config: n.config(1n) }), "WrongConfig");
  const cancel = () => n.call("cancel", { arbiter: n.arbiter.publicKey }, { epoch: 1n }, [n.arbiter]);
  must(n.attest(report));
  must(cancel());
  refused(recover(), "RecoveryNotAllowed"); // silence counts anew
  n.world.pass(5n);
  must(n.attest(n.report(null)));
  must(cancel());
  must(recover());
  assert.equal(n.world.fetch("Ledger", n.ledger).scheduled, 1);
});

test("an event by call is the program's own", () => {
  const n = fresh().ready();
  const data = Buffer.concat([EVENT_TAG, Buffer.from(idl.events.find((e) => e.name === "BreakerChanged").discriminator), n.network.toBuffer(), le(1, 8)]);
  const event = (pubkey, isSigner) => new web3.TransactionInstruction({ programId: PROGRAM, keys: [{ pubkey, isSigner, isWritable: false }], data });
  refused(n.world.send(event(n.network, false)), "NotSigner");
  refused(n.world.send(event(n.world.payer.publicKey, true)), "WrongOwner");
  refused(n.world.send(event(n.ledger, false)), "WrongAccount");
});

test("what the program calls itself with is in its place among the accounts", () => {
  const n = fresh().ready();
  const open = n.world.instruction("propose_owner", { owner: n.owner.publicKey, network: n.network }, { pending: NOBODY });
  const at = open.keys.findIndex((k) => k.pubkey.equals(PROGRAM));
  open.keys[at] = { ...open.keys[at], pubkey: SYSTEM };
  refused(n.world.send(open, [n.owner]), "WrongProgram");
});
