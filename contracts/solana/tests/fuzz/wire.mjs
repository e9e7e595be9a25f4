// Transactions to LiteSVM and accounts from it by bytes: thousands a second matter here, and texts of addresses are what they cost.
import { createRequire } from "node:module";
import { idl, web3, EVENT_TAG, PROGRAM } from "../rig.mjs";

const { FailedTransactionMetadata } = createRequire(import.meta.url)("litesvm");
const names = new WeakMap();
const keys = new Map();
const bytes = new WeakMap();
const errors = new Map(idl.errors.map((e) => [String(e.code), e.name]));
const BUDGET = web3.ComputeBudgetProgram.setComputeUnitLimit({ units: 1_400_000 });
const OWN = PROGRAM.toBase58();

/** The one object of an address. */
export const pk = (address) => {
  if (!keys.has(address)) {
    const made = new web3.PublicKey(address);
    keys.set(address, made);
    names.set(made, address);
  }
  return keys.get(address);
};

/** An address as text. */
export const text = (pubkey) => {
  if (!names.has(pubkey)) names.set(pubkey, pubkey.toBase58());
  return names.get(pubkey);
};

const bytesOf = (pubkey) => {
  if (!bytes.has(pubkey)) bytes.set(pubkey, pubkey.toBytes());
  return bytes.get(pubkey);
};

const short = (n) => (n < 128 ? [n] : [(n & 127) | 128, n >> 7]);

/** A transaction's bytes without signatures' contents; null where it is too large. */
function serialize(instructions, payer, blockhash) {
  const flags = new Map([[text(payer), { pubkey: payer, signs: true, writes: true }]]);
  for (const ix of instructions) {
    for (const k of [...ix.keys, { pubkey: ix.programId, isSigner: false, isWritable: false }]) {
      const name = text(k.pubkey);
      const found = flags.get(name);
      if (found) Object.assign(found, { signs: found.signs || k.isSigner, writes: found.writes || k.isWritable });
      else flags.set(name, { pubkey: k.pubkey, signs: k.isSigner, writes: k.isWritable });
    }
  }
  const all = [...flags].map(([name, v]) => ({ name, ...v }));
  const part = (signs, writes) => all.filter((one) => one.signs === signs && one.writes === writes);
  const groups = [part(true, true), part(true, false), part(false, true), part(false, false)];
  const order = groups.flat();
  const index = new Map(order.map((one, i) => [one.name, i]));
  if (order.length > 64) return null;
  const signatures = groups[0].length + groups[1].length;
  const parts = [
    Buffer.from(short(signatures)), Buffer.alloc(64 * signatures),
    Buffer.from([signatures, groups[1].length, groups[3].length, ...short(order.length)]), ...order.map((one) => bytesOf(one.pubkey)), blockhash,
    Buffer.from(short(instructions.length)),
    ...instructions.flatMap((ix) => [
      Buffer.from([index.get(text(ix.programId)), ...short(ix.keys.length), ...ix.keys.map((k) => index.get(text(k.pubkey))), ...short(ix.data.length)]), ix.data,
    ]),
  ];
  const raw = Buffer.concat(parts);
  return raw.length > 1_232 ? null : { raw, program: index.get(OWN) };
}

/** Sends; null where no network would take the transaction for its size. */
export function send(world, instructions, payer) {
  const made = serialize([BUDGET, ...instructions], payer, pk(world.svm.latestBlockhash()).toBytes());
  if (!made) return null;
  const result = world.svm.inner.sendLegacyTransaction(made.raw);
  const failed = result instanceof FailedTransactionMetadata;
  const meta = failed ? result.meta() : result;
  const logs = meta.logs();
  const number = failed && logs.map((l) => /Error Number: (\d+)/.exec(l)?.[1]).find(Boolean);
  return { ok: !failed, error: failed ? (errors.get(number) ?? String(result.err())) : null, logs, events: failed ? null : eventsOf(meta, made.program) };
}

/** Events by call, as the log shows them. */
function eventsOf(meta, program) {
  return meta.innerInstructions().flat().map((i) => i.instruction()).filter((i) => i.programIdIndex() === program).map((i) => Buffer.from(i.data()))
    .filter((data) => data.subarray(0, 8).equals(EVENT_TAG)).map((data) => data.subarray(8).toString("base64"));
}

/** An account as it stands, or null. */
export function read(world, address) {
  const found = world.svm.inner.getAccount(bytesOf(pk(address)));
  return found && { data: Buffer.from(found.data()), owner: found.owner(), lamports: BigInt(found.lamports()), executable: found.executable() };
}

export const isOwnedBy = (account, pubkey) => Buffer.from(account.owner).equals(bytesOf(pubkey));
