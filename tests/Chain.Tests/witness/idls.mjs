// IDLs for Anchor's coder: JSON, or the TypeScript of npm packages; the form before 0.1.0 is brought into that of 0.1.0.
import crypto from "node:crypto";
import fs from "node:fs";
import path from "node:path";

// A TypeScript type: its members end in ';'.
function fromTypeScript(text) {
  const body = text.slice(text.indexOf("= {") + 2, text.indexOf("\n};") + 2);
  const json = body.replace(/"(?:[^"\\]|\\.)*"|;/g, (m) => (m === ";" ? "," : m)).replace(/"(?:[^"\\]|\\.)*"|,(?=\s*[}\]])/g, (m) => (m === "," ? "" : m));
  return JSON.parse(json);
}

const snake = (name) => name.replace(/([a-z0-9])([A-Z])/g, "$1_$2").replace(/([A-Z])([A-Z][a-z])/g, "$1_$2").toLowerCase();
const discriminator = (text) => [...crypto.createHash("sha256").update(text).digest().subarray(0, 8)];
const known = { systemProgram: "11111111111111111111111111111111", tokenProgram: "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA", associatedTokenProgram: "ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL", rent: "SysvarRent111111111111111111111111111111111" };

function type(t) {
  if (t === "publicKey") return "pubkey";
  if (typeof t === "string") return t;
  if (t.defined) return { defined: typeof t.defined === "string" ? { name: t.defined } : t.defined };
  if (t.option) return { option: type(t.option) };
  if (t.vec) return { vec: type(t.vec) };
  return { array: [type(t.array[0]), t.array[1]] };
}
const fields = (list) => list?.map((f) => (f.name ? { name: f.name, type: type(f.type) } : type(f)));
const definition = (t) => ({ name: t.name, type: t.type.kind === "struct" ? { kind: "struct", fields: fields(t.type.fields) } : { kind: "enum", variants: t.type.variants.map((v) => ({ name: v.name, fields: fields(v.fields) })) } });
const seed = (s) => (s.kind !== "const" ? { kind: s.kind, path: s.path, account: s.account } : { kind: "const", value: [...(s.type === "publicKey" ? new (anchorKey())(s.value).toBuffer() : typeof s.value === "string" ? Buffer.from(s.value) : s.type === "u8" ? [s.value] : s.value)] });
const accounts = (list) => list.map((a) => (a.accounts ? { name: a.name, accounts: accounts(a.accounts) } : {
  name: a.name, writable: a.isMut, signer: a.isSigner, optional: a.isOptional, address: known[a.name], pda: a.pda && { seeds: a.pda.seeds.map(seed), program: a.pda.programId && seed(a.pda.programId) },
}));
let key;
const anchorKey = () => key;

function modern(old, PublicKey) {
  key = PublicKey;
  return {
    address: old.metadata?.address,
    metadata: { name: old.name, version: old.version, spec: "0.1.0" },
    instructions: old.instructions.map((i) => ({ name: i.name, discriminator: discriminator(`global:${snake(i.name)}`), accounts: accounts(i.accounts), args: fields(i.args) })),
    accounts: (old.accounts ?? []).map((a) => ({ name: a.name, discriminator: discriminator(`account:${a.name}`) })),
    events: (old.events ?? []).map((e) => ({ name: e.name, discriminator: discriminator(`event:${e.name}`) })),
    types: [...(old.types ?? []).map(definition), ...(old.accounts ?? []).map(definition), ...(old.events ?? []).map((e) => ({ name: e.name, type: { kind: "struct", fields: fields(e.fields) } }))],
  };
}

export function load(file, PublicKey) {
  if (fs.statSync(file).isDirectory()) return fs.readdirSync(file).filter((f) => /\.(json|ts)$/.test(f)).sort().flatMap((f) => load(path.join(file, f), PublicKey));
  const text = fs.readFileSync(file, "utf8");
  const idl = file.endsWith(".json") ? JSON.parse(text) : fromTypeScript(text);
  return [idl.metadata?.spec ? idl : JSON.parse(JSON.stringify(modern(idl, PublicKey)))];
}
