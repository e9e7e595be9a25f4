// What an attacker makes of an honest transaction, which just went by or is about to. Each mutation changes a copy: { instructions, signers, puts }.
import { toBytes } from "viem";
import { web3, coder, anchor, PROGRAM, TOKEN, key } from "../rig.mjs";
import { pk, text, read } from "./wire.mjs";

const BN = anchor.BN;
const WIDE = [0n, 1n, 2n, (1n << 32n) - 1n, 1n << 32n, (1n << 63n) - 1n, 1n << 63n, (1n << 64n) - 1n, (1n << 128n) - 1n];
const NARROW = [0, 1, 2, 3, 255, 256, 65_535, 65_536, 2 ** 31, 2 ** 32 - 1];

export const copyOf = (ix) => new web3.TransactionInstruction({ programId: ix.programId, keys: ix.keys.map((k) => ({ ...k })), data: Buffer.from(ix.data) });

/** Addresses of the same kind: another network's, another role's, another owner's. */
function others(f, address) {
  const mine = f.model.accounts.get(address);
  if (mine) return [...f.model.accounts].filter(([, v]) => v.type === mine.type).map(([at]) => at);
  if (f.model.tokens.has(address)) return [...f.model.tokens.keys()];
  if (f.model.mints.has(address)) return [...f.model.mints.keys()];
  if (f.ring.has(address)) return [...f.ring.keys()];
  return [...f.model.accounts.keys()];
}

/** Those nearest to it: of one network and kind, one owner, one role. */
function siblings(f, address) {
  const [mine, token] = [f.model.accounts.get(address), f.model.tokens.get(address)];
  if (token) {
    const near = [...f.model.tokens].filter(([at]) => at !== address);
    return [...near.filter(([, t]) => t.owner === token.owner && t.mint === token.mint), ...near.filter(([, t]) => t.owner !== token.owner && t.clean && t.mint === token.mint)].map(([at]) => at);
  }
  return mine ? others(f, address).filter((at) => at !== address && f.model.accounts.get(at).network === mine.network) : [];
}

/** What stands in an account's place when each is tried: its nearest, another network's, a forged copy, nothing, the attacker's. */
export function inPlaceOf(f, tx, k) {
  const address = text(k.pubkey);
  const mine = f.model.accounts.get(address) ?? f.model.tokens.get(address) ?? f.model.mints.get(address);
  const near = siblings(f, address);
  const found = near.length > 0 ? [near[0], f.r.pick(near), near.at(-1)] : [];
  const networks = f.model.all("Network").map((n) => n.address);
  for (const a of networks.slice(0, 2)) for (const b of networks.slice(0, 2)) if (a !== b) found.push(twins(f, a, b).get(address));
  if (mine) found.push(forge(f, tx, address), text(f.attacker.publicKey), f.r.pick(others(f, address)));
  const far = others(f, address).filter((at) => f.model.accounts.get(at)?.network !== f.model.accounts.get(address)?.network);
  if (far.length > 0) found.push(f.r.pick(far));
  // Of another kind, as large or larger; for people, other people, who sign where those did.
  if (f.model.accounts.has(address)) found.push(...[1, 2, 3].map(() => f.r.pick([...f.model.accounts.keys()])));
  else if (f.ring.has(address)) found.push(f.r.pick([...f.ring.keys()]), text(f.attacker.publicKey));
  return [...new Set(found)].filter((at) => at && at !== address);
}

const anyKey = (f, tx, ix) => (ix.keys.length > 0 ? f.r.pick(ix.keys) : null);

export const mutations = {
  "another of its kind": (f, tx, ix) => put(f, anyKey(f, tx, ix), (k) => f.r.pick(others(f, text(k.pubkey)))),
  "its neighbour": (f, tx, ix) => put(f, anyKey(f, tx, ix), (k) => f.r.pick([...siblings(f, text(k.pubkey)), text(k.pubkey)])),
  "another network's"(f, tx, ix) {
    const from = f.model.all("Network").map((n) => n.address);
    if (from.length < 2) return;
    const [a, b] = [f.r.pick(from), f.r.pick(from)];
    const twin = twins(f, a, b);
    // One account, or all that have a twin there.
    const all = f.r.chance(50);
    for (const k of all ? ix.keys : [anyKey(f, tx, ix)]) if (k && twin.has(text(k.pubkey)) && (!all || f.r.chance(85))) k.pubkey = pk(twin.get(text(k.pubkey)));
  },
  "any account": (f, tx, ix) => put(f, anyKey(f, tx, ix), () => f.r.pick([...f.model.accounts.keys(), ...f.model.tokens.keys(), ...f.ring.keys(), text(f.attacker.publicKey), text(PROGRAM), text(TOKEN)])),
  "nothing there": (f, tx, ix) => put(f, anyKey(f, tx, ix), () => key(`nothing ${f.r.below(5)}`).publicKey.toBase58()),
  "the same twice": (f, tx, ix) => put(f, anyKey(f, tx, ix), () => f.r.pick(ix.keys).pubkey.toBase58()),
  "forged"(f, tx, ix) {
    const k = anyKey(f, tx, ix);
    const address = k && forge(f, tx, text(k.pubkey));
    if (address) k.pubkey = pk(address);
  },
  "fewer rights"(f, tx, ix) {
    const k = anyKey(f, tx, ix);
    if (k) k[f.r.pick(["isSigner", "isWritable"])] = false;
  },
  "more rights"(f, tx, ix) {
    const k = anyKey(f, tx, ix);
    if (k) Object.assign(k, { isWritable: true, isSigner: k.isSigner || tx.signers.has(text(k.pubkey)) });
  },
  "missing accounts": (f, tx, ix) => void ix.keys.splice(f.r.below(ix.keys.length + 1), f.r.below(3)),
  "more accounts"(f, tx, ix) {
    const extra = f.r.chance(20) ? 64 : 1 + f.r.below(4);
    for (let i = 0; i < extra && ix.keys.length > 0; i++) ix.keys.push({ ...f.r.pick(ix.keys), isSigner: false });
  },
  "flipped bits"(f, tx, ix) {
    for (let i = 1 + f.r.below(3); i > 0 && ix.data.length > 0; i--) ix.data[f.r.below(ix.data.length)] ^= 1 << f.r.below(8);
  },
  "a last byte that is no text's": (f, tx, ix) => void (ix.data = Buffer.concat([ix.data.subarray(0, -1), Buffer.from([255])])),
  "cut or longer data": (f, tx, ix) => void (ix.data = f.r.chance(50) ? ix.data.subarray(0, f.r.below(ix.data.length + 1)) : Buffer.concat([ix.data, Buffer.alloc(1 + f.r.below(40), f.r.next())])),
  "another's arguments"(f, tx, ix) {
    const same = f.history.flatMap((h) => h.instructions).filter((o) => o.programId.equals(PROGRAM) && o.data.subarray(0, 8).equals(ix.data.subarray(0, 8)));
    if (same.length > 0) ix.data = Buffer.from(f.r.pick(same).data);
  },
  "an argument at its edge"(f, tx, ix) {
    for (let i = 1 + f.r.below(2); i > 0; i--) edge(f, ix);
  },
  "twice in one transaction": (f, tx, ix) => void tx.instructions.push(copyOf(ix)),
  "with another instruction"(f, tx) {
    const other = f.r.pick(f.history);
    if (other) tx.instructions.splice(f.r.below(tx.instructions.length + 1), 0, ...other.instructions.map(copyOf));
  },
  "as it is": () => {},
};

/** The attacker signs where somebody else did, often with a purse of its own. */
export function impostor(f, tx) {
  const keys = tx.instructions.flatMap((ix) => ix.keys);
  const whose = new Set(keys.filter((k) => k.isSigner).map((k) => text(k.pubkey)));
  const purse = f.r.chance(50);
  for (const k of keys) {
    const owned = f.model.tokens.get(text(k.pubkey));
    if (whose.has(text(k.pubkey))) k.pubkey = f.attacker.publicKey;
    else if (purse && whose.has(owned?.owner)) k.pubkey = pk(f.purse(f.attacker.publicKey, owned.mint) ?? text(k.pubkey));
  }
}

/** The same bytes under another owner, at another address. */
function forge(f, tx, address) {
  const account = read(f.world, address);
  if (!account || account.data.length === 0 || account.executable) return undefined;
  const owner = f.r.pick([web3.StakeProgram.programId, web3.SystemProgram.programId, web3.VoteProgram.programId]).toBase58();
  const place = key(`forged ${owner} ${address}`).publicKey.toBase58();
  tx.puts.push([place, { data: Buffer.from(account.data), owner }]);
  return place;
}

function put(f, k, address) {
  if (k) k.pubkey = pk(address(k));
}

/** Accounts of network `a` to those of the same role in `b`. */
function twins(f, a, b) {
  const [x, y] = [f.model.accounts.get(a), f.model.accounts.get(b)];
  const twin = new Map([[a, b], ...["ledger", "distributor", "vault", "bonds", "mint", "owner", "arbiter"].map((name) => [x[name], y[name]])]);
  const nameOf = (v) => [v.type, v.report_key ?? v.account ?? v.count ?? v.maker_id ?? v.device_id ?? v.provider ?? "", v.staker ?? ""].join();
  const there = new Map(f.model.all("", b).concat([...f.model.accounts].filter(([, v]) => v.network === b).map(([address, v]) => ({ address, ...v }))).map((v) => [nameOf(v), v.address]));
  for (const [address, v] of f.model.accounts) if (v.network === a && there.has(nameOf(v))) twin.set(address, there.get(nameOf(v)));
  for (const [address, t] of f.model.tokens) if (t.mint === x.mint && !twin.has(address)) twin.set(address, f.purse(t.owner, y.mint) ?? address);
  return twin;
}

/** Puts one leaf of the arguments to a value at its edge, or to a known one of the same length: another root, digest, key, signature, report. */
export function edge(f, ix) {
  let decoded;
  try {
    decoded = coder.instruction.decode(ix.data);
  } catch {
    return;
  }
  const leaves = [];
  const walk = (holder, name) => {
    const v = holder[name];
    const isBytes = Array.isArray(v) && v.length > 0 && v.every((x) => typeof x === "number");
    if (BN.isBN(v) || typeof v !== "object" || v === null || isBytes || Buffer.isBuffer(v) || v instanceof web3.PublicKey) return leaves.push({ holder, name, v, isBytes });
    if (Array.isArray(v)) leaves.push({ holder, name, v, isList: true });
    for (const k of Object.keys(v)) walk(v, k);
  };
  if (decoded) walk({ root: decoded.data }, "root");
  const usable = leaves.filter((l) => l.v !== undefined && l.v !== null);
  if (usable.length === 0) return;
  const { holder, name, v, isBytes, isList } = f.r.pick(usable);
  if (BN.isBN(v)) holder[name] = new BN((f.r.chance(50) ? BigInt(v.toString()) + f.r.pick([-1n, 1n]) : f.r.pick(WIDE)).toString());
  else if (typeof v === "number") holder[name] = f.r.chance(50) ? Math.max(0, v + f.r.pick([-1, 1])) : f.r.pick(NARROW);
  else if (typeof v === "boolean") holder[name] = !v;
  else if (typeof v === "string") holder[name] = f.r.pick(["", "x".repeat(128), "x".repeat(129), "\u00e9"]);
  else if (v instanceof web3.PublicKey) holder[name] = pk(f.r.pick([...f.ring.keys(), ...f.model.accounts.keys(), web3.PublicKey.default.toBase58()]));
  else if (isList) holder[name] = f.r.pick([[], v.slice(1), v.slice(0, -1), [...v, ...v.slice(-1)], [...v].reverse()]);
  else {
    const known = f.pool.get(v.length) ?? [];
    const bytes = known.length > 0 && f.r.chance(80) ? Buffer.from(toBytes(f.r.pick(known))) : Buffer.alloc(v.length, f.r.pick([0, 255]));
    holder[name] = isBytes ? [...bytes] : bytes;
  }
  try {
    const data = coder.instruction.encode(decoded.name, decoded.data);
    ix.data = Buffer.from(data);
  } catch {
    // A value that its type does not hold: the honest one stays.
  }
}
