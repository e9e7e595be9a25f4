import test from "node:test";
import assert from "node:assert/strict";
import crypto from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { World, Network, must, refused, key, idl, anchor, web3, coder, root, plain, PROGRAM, TOKEN, TOKEN_2022, borsh, operators, pda, hash, sign } from "./rig.mjs";
import { Staking } from "./staking.mjs";
import { Devices, deviceKey, digestOf, check } from "./devices.mjs";
import { toBytes, toHex } from "viem";

const source = (file) => fs.readFileSync(path.join(root, "contracts/solana/interface/src", file), "utf8");
const discriminator = (kind, name) => [...crypto.createHash("sha256").update(`${kind}:${name}`).digest().subarray(0, 8)];

test("the IDL's identities are those that its names give", () => {
  for (const [kind, list] of [["global", idl.instructions], ["account", idl.accounts], ["event", idl.events]]) {
    assert.ok(list.length > 0);
    for (const one of list) assert.deepEqual(one.discriminator, discriminator(kind, one.name), one.name);
  }
});

test("the IDL names every instruction, event and error of the program with its number and text", () => {
  const instructions = [...source("instructions.rs").matchAll(/^\s+[A-Z_]+ "([a-z_]+)"$/gm)].map((m) => m[1]);
  assert.deepEqual(idl.instructions.map((i) => i.name), instructions);
  const errors = [...source("errors.rs").matchAll(/^\s+(6\d{3}) (\w+) "(.*)"$/gm)].map(([, code, name, msg]) => ({ code: Number(code), name, msg }));
  assert.ok(errors.length > 50);
  assert.deepEqual(idl.errors, errors);
  assert.deepEqual(errors.map((e) => e.code), errors.map((_, i) => 6000 + i));
  const events = [...source("events.rs").matchAll(/^ {4}([A-Z]\w+) \{\s+([^}]*?)\s+\}$/gm)];
  assert.deepEqual(idl.events.map((e) => e.name), events.map((m) => m[1]));
  for (const [, name, fields] of events) {
    const declared = ["network", ...[...fields.matchAll(/(\w+): /g)].map((m) => m[1])];
    assert.deepEqual(idl.types.find((t) => t.name === name).type.fields.map((f) => f.name), declared, name);
  }
});

test("the IDL's accounts have the fields and sizes of the program's", () => {
  const text = source("accounts.rs");
  const { n, found } = everyAccount();
  for (const { name } of idl.accounts) {
    const body = new RegExp(`pub struct ${name} \\{([\\s\\S]*?)\\n\\}`).exec(text)[1];
    const fields = [...body.matchAll(/^\s+pub (\w+):/gm)].map((m) => m[1]).filter((f) => f !== "discriminator");
    assert.deepEqual(idl.types.find((t) => t.name === name).type.fields.map((f) => f.name), fields, name);
    // A buffer's bytes follow its header.
    assert.equal(n.world.data(found[name]).length, coder.accounts.size(name) + (name === "Buffer" ? 5 : 0), name);
  }
});

/** A network in which there is an account of every kind: where they are. */
function everyAccount() {
  const n = new Network(new World()).ready(4, 1);
  const { world } = n;
  const payer = world.payer.publicKey;
  const d = new Devices(n).ready();
  const [first, next] = [deviceKey(1, "first"), deviceKey(2, "next")];
  must(d.publish(hash("root"), 1));
  must(d.register(first));
  must(d.scheduleKey(d.device(first), 1n, next));
  const s = new Staking(world, "", n).ready();
  must(s.deposit(s.provider, 100n));
  must(s.thaw(s.provider, 1_000n));
  const report = n.report(n.tree([1n]));
  world.setTime(report.periodEnd);
  must(n.attest(report));
  const challenger = key("challenger");
  world.fund(challenger.publicKey);
  const challenge = pda("challenge", n.network, toBytes(report.digest));
  must(n.call("challenge", { challenger: challenger.publicKey, challenge, source: world.token("challenger token", n.mint, challenger.publicKey, 10_000n) }, { epoch: 1n, evidence: hash("e") }, [challenger]));
  const signatures = pda("signatures", n.network, toBytes(report.digest), payer);
  must(n.call("open_signatures", { payer, signatures }, { report: toBytes(report.raw) }, []));
  const buffer = pda("buffer", payer);
  must(world.send(world.instruction("write_buffer", { writer: payer, buffer }, { total: 5, offset: 0, data: Buffer.from("12345") })));
  return {
    n, found: {
      Network: n.network, Ledger: n.ledger, Distributor: n.distributor, Operator: n.members[0].operator, UsedKey: pda("protocol-key", n.network, n.members[0].protocolKey), Config: n.config(1n),
      Challenge: challenge, Payout: n.paid[0].payout, Page: n.paid[0].page, Signatures: signatures, Buffer: buffer, DeviceRegistry: n.registry, DeviceMaker: d.maker(1), DeviceModel: d.model(1),
      DeviceBatch: d.batch(1), Device: d.device(first), DeviceKey: d.device(next), Staking: s.staking, Pool: s.pool(), Position: s.position(s.provider),
    },
  };
}

/** Anchor's client over the test's runtime: what a wallet and a connection are to it. */
function clientOf(world) {
  const getAccountInfo = async (address) => {
    const a = world.read(address);
    return a && { data: Buffer.from(a.data), owner: new web3.PublicKey(a.programAddress), lamports: Number(a.lamports), executable: false };
  };
  const connection = { getAccountInfo, getAccountInfoAndContext: async (address) => ({ value: await getAccountInfo(address), context: { slot: 0 } }) };
  return new anchor.Program(idl, { publicKey: world.payer.publicKey, connection });
}

const camel = (text) => text.replace(/_(.)/g, (_, c) => c.toUpperCase());

test("Anchor's client reads every account of the program", async () => {
  const { n, found } = everyAccount();
  const client = clientOf(n.world);
  for (const { name } of idl.accounts) {
    const read = await client.account[name[0].toLowerCase() + name.slice(1)].fetch(found[name]);
    const fields = idl.types.find((t) => t.name === name).type.fields.map((f) => camel(f.name));
    assert.deepEqual(Object.keys(read), fields, name);
    if (read.network) assert.equal(read.network.toBase58(), n.network.toBase58(), name);
    // Written by Anchor's layout it is the account again.
    const bytes = Buffer.alloc(20_000);
    const layout = client.coder.accounts.accountLayouts.get(name[0].toLowerCase() + name.slice(1));
    const length = (layout.layout ?? layout).encode(read, bytes);
    assert.deepEqual(bytes.subarray(0, length), n.world.data(found[name]).subarray(8, 8 + length), name);
  }
});

test("Anchor's client registers a device of each curve and decodes what it says", async () => {
  const n = new Network(new World()).ready(4, 1);
  const d = new Devices(n).ready();
  const client = clientOf(n.world);
  for (const type of [1, 2, 3]) {
    const k = deviceKey(type, "by the client");
    const r = d.registration(k);
    const digest = digestOf(n, "register", 0n, k, r);
    const registration = Object.fromEntries(Object.entries(borsh(r)).map(([name, value]) => [camel(name), value]));
    const register = await client.methods.registerDevice(registration, type === 1 ? Buffer.from(sign(toHex(digest), k.secret).bytes) : Buffer.alloc(0), Buffer.alloc(0), [])
      .accounts({ payer: n.world.payer.publicKey, network: n.network, maker: d.maker(1), batch: null, device: d.device(k), approver: d.makerAccount.publicKey }).instruction();
    const { logs } = must(n.world.send([...(type === 1 ? [] : [check(k, digest)]), register], [d.makerAccount]));
    const [event] = [...new anchor.EventParser(PROGRAM, client.coder).parseLogs(logs)];
    assert.equal(event.name, "deviceRegistered");
    assert.deepEqual([event.data.token.toNumber(), toHex(Uint8Array.from(event.data.deviceId)), toHex(event.data.publicKey)], [type, toHex(k.id), toHex(k.publicKey)]);
    const device = await client.account.device.fetch(d.device(k));
    assert.deepEqual([device.owner.toBase58(), device.keyType, device.modelId], [d.owner.publicKey.toBase58(), type, 1]);
  }
});

for (const [name, owner] of [["SPL Token", TOKEN], ["Token-2022", TOKEN_2022]]) test(`Anchor's client needs nothing but the IDL to act, read and decode on ${name}`, async () => {
  const n = new Network(new World(), {}, { mintOptions: { owner } });
  const world = n.world;
  const client = clientOf(world);
  const p = borsh(n.parameters);
  const parameters = Object.fromEntries(Object.entries(p).map(([k, v]) => [camel(k), v]));
  // The addresses that the seeds give are filled in by the client, and later the token program, which the network's account names.
  const initialize = await client.methods.initialize(parameters).accounts({ payer: world.payer.publicKey, mintAuthority: n.authority.publicKey, mint: n.mint, tokenProgram: owner }).instruction();
  must(world.send(initialize, [n.authority]));
  const [o] = operators(1);
  const bondSource = world.token("source", n.mint, o.account.publicKey, 10_000n);
  world.fund(o.account.publicKey);
  const register = await client.methods.registerOperator([...Buffer.from(o.address.slice(2), "hex")], [...o.protocolKey], new anchor.BN(7_000), "https://one.example")
    .accounts({ account: o.account.publicKey, network: n.network, source: bondSource }).instruction();
  const outcome = must(world.send(register, [o.account]));
  const events = [...new anchor.EventParser(PROGRAM, client.coder).parseLogs(outcome.logs)];
  assert.deepEqual(events.map((e) => [e.name, e.data.bond.toString(), e.data.account.toBase58()]), [["operatorRegistered", "7000", o.account.publicKey.toBase58()]]);
  const network = await client.account.network.fetch(n.network);
  assert.equal(network.owner.toBase58(), n.owner.publicKey.toBase58());
  const stored = await client.account.operator.fetch(pda("operator", n.network, Buffer.from(o.address.slice(2), "hex")));
  assert.equal(stored.bond.toString(), "7000");
  assert.equal(Buffer.from(stored.endpoint.slice(0, stored.endpointLength)).toString(), "https://one.example");
  await assert.rejects(client.account.operator.fetch(n.ledger), /discriminator/i);

  // The client makes its own error of a refusal.
  const failed = world.send(await client.methods.setBreaker(new anchor.BN(1)).accounts({ owner: n.owner.publicKey, network: n.network }).instruction(), [n.owner]);
  const error = anchor.AnchorError.parse(failed.logs);
  assert.deepEqual([error.error.errorCode.code, error.error.errorCode.number], ["CapacityOutOfBounds", 6050]);
});

test("every event of the program decodes to values that encode to the same bytes", () => {
  const n = new Network(new World()).ready(4, 2);
  const tree = n.tree([7n, 8n]);
  const { attested, finalized } = n.settle(tree);
  const claimed = must(n.claim(tree, 0));
  const lines = [attested, finalized, claimed].flatMap((o) => o.logs).filter((l) => l.startsWith("Program data: ")).map((l) => l.slice(14));
  assert.equal(lines.length, 5);
  for (const line of lines) {
    const event = coder.events.decode(line);
    assert.equal(coder.types.encode(event.name, event.data).toString("hex"), Buffer.from(line, "base64").subarray(8).toString("hex"), event.name);
  }
  assert.equal(plain(coder.events.decode(lines.at(-1)).data).amount, 7n);
});
