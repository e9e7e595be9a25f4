// Random values of an IDL's types: as JSON for us, and as Anchor's coder takes them.
import anchorModule from "@coral-xyz/anchor";
import { below, hex, number, pick, text } from "./random.mjs";

export const anchor = anchorModule;
export const { BN, web3: { PublicKey } } = anchorModule;

export const address = () => new PublicKey(Buffer.from(hex(32).slice(2), "hex")).toBase58();
const isByte = (t) => t === "u8";
const integer = /^([ui])(\d+)$/;

function substitute(t, args) {
  if (!args || typeof t === "string") return t;
  if (t.generic) return args[t.generic];
  if (t.option) return { option: substitute(t.option, args) };
  if (t.vec) return { vec: substitute(t.vec, args) };
  if (t.array) return { array: [substitute(t.array[0], args), typeof t.array[1] === "object" ? Number(args[t.array[1].generic]) : t.array[1]] };
  return { defined: { name: t.defined.name, generics: t.defined.generics?.map((g) => (g.kind === "type" ? { kind: "type", type: substitute(g.type, args) } : g)) } };
}
function find(idl, defined) {
  const found = idl.types.find((t) => t.name === defined.name);
  const args = defined.generics && Object.fromEntries(found.generics.map((g, i) => [g.name, defined.generics[i].type ?? defined.generics[i].value]));
  return [found, args];
}

// [ours, Anchor's]
export function value(idl, t) {
  if (typeof t === "string") {
    const match = integer.exec(t);
    if (match) {
      const bits = Number(match[2]);
      const magnitude = number(match[1] === "u" ? bits : bits - 1);
      const n = match[1] === "i" && below(2) ? -magnitude - 1n : magnitude;
      return [n.toString(), bits <= 32 ? Number(n) : new BN(n.toString())];
    }
    switch (t) {
      case "bool": { const b = below(2) === 1; return [b, b]; }
      case "f32": { const f = Math.fround((below(2e6) - 1e6) / 64); return [String(f), f]; }
      case "f64": { const f = (below(2e9) - 1e9) / 1000; return [String(f), f]; }
      case "string": { const s = text(); return [s, s]; }
      case "bytes": { const b = hex(pick([0, 1, 20, 32, below(90)])); return [b, Buffer.from(b.slice(2), "hex")]; }
      case "pubkey": { const a = address(); return [a, new PublicKey(a)]; }
      default: throw new Error(`no value of ${t}`);
    }
  }
  if (t.option) return below(3) ? value(idl, t.option) : [null, null];
  if (t.vec || t.array) {
    const element = t.vec ?? t.array[0];
    const length = t.vec ? below(4) : t.array[1];
    if (isByte(element)) {
      const b = hex(t.vec ? below(60) : length);
      return [b, [...Buffer.from(b.slice(2), "hex")]];
    }
    const items = Array.from({ length }, () => value(idl, element));
    return [items.map((i) => i[0]), items.map((i) => i[1])];
  }
  const [found, args] = find(idl, t.defined);
  if (found.type.kind === "type") return value(idl, substitute(found.type.alias, args));
  if (found.type.kind === "struct") return members(idl, found.type.fields ?? [], args);
  const variant = pick(found.type.variants);
  const [ours, theirs] = members(idl, variant.fields ?? [], args);
  return [{ variant: variant.name, members: ours }, { [variant.name]: theirs }];
}

export function members(idl, fields, args) {
  const ours = [], theirs = {};
  fields.forEach((f, i) => {
    const [a, b] = value(idl, substitute(f.name ? f.type : f, args));
    ours.push([f.name ?? `item_${i}`, a]);
    theirs[f.name ?? String(i)] = b;
  });
  return [ours, theirs];
}
