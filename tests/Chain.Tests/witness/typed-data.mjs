// Random EIP-712 documents with viem's digest.
import { hashTypedData } from "viem";
import { below, count, hex, number, pick, print, text, value, address } from "./random.mjs";

const atoms = ["address", "bool", "string", "bytes", "bytes32", "bytes4", "uint256", "uint64", "uint8", "int256", "int32"];
function document() {
  const names = ["Leaf", "Branch", "Asset", "Mail"];
  const types = {};
  names.forEach((name, i) => {
    types[name] = Array.from({ length: 1 + below(5) }, (_, m) => {
      const base = i > 0 && below(3) === 0 ? names[below(i)] : pick(atoms);
      return { name: `f${m}`, type: base + pick(["", "", "", "[]", "[2]", "[][2]"]) };
    });
  });
  const fill = (type) => {
    const array = /^(.*)\[(\d*)\]$/.exec(type);
    if (array) return Array.from({ length: array[2] === "" ? below(3) : Number(array[2]) }, () => fill(array[1]));
    return types[type] ? Object.fromEntries(types[type].map((m) => [m.name, fill(m.type)])) : value({ type });
  };
  const primaryType = pick(names);
  const all = { name: ["string", text()], version: ["string", "1"], chainId: ["uint256", number(40)], verifyingContract: ["address", address()], salt: ["bytes32", hex(32)] };
  const chosen = Object.entries(all).filter(() => below(4) > 0);
  const domain = Object.fromEntries(chosen.map(([k, v]) => [k, v[1]]));
  types.EIP712Domain = chosen.map(([name, v]) => ({ name, type: v[0] }));
  const d = { types, primaryType, domain, message: fill(primaryType) };
  return { document: d, digest: hashTypedData(d) };
}
print(Array.from({ length: count }, document));
