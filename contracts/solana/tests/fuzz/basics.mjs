// What the rules of the model share: refusals, addresses, hashes.
import { keccak256, toHex } from "viem";
import { pda, web3, SYSTEM } from "../rig.mjs";

export const NONE = SYSTEM.toBase58();
export const ZERO = toHex(new Uint8Array(32));
export const U64 = (1n << 64n) - 1n;
/** Whatever protects somebody lasts longer, for the cluster's clock is an estimate. */
export const TOLERANCE = 60n;

export class Refusal extends Error {}
export const need = (holds, why) => {
  if (!holds) throw new Refusal(why);
};
/** A time so far away that it does not fit is for ever. */
export const later = (time, seconds) => (time + seconds > U64 ? U64 : time + seconds);

const bytesOf = (part) => (part instanceof Uint8Array ? part : part.startsWith("0x") ? Buffer.from(part.slice(2), "hex") : new web3.PublicKey(part).toBuffer());
const places = new Map();
/** The address of an account of the program's: seeds are addresses, hex or bytes. */
export function place(kind, ...parts) {
  const name = [kind, ...parts.map((p) => (p instanceof Uint8Array ? toHex(p) : p))].join();
  if (!places.has(name)) places.set(name, pda(kind, ...parts.map(bytesOf)).toBase58());
  return places.get(name);
}

/** keccak over hex, addresses and bytes, one behind the other. */
export const hashOf = (...parts) => keccak256(Buffer.concat(parts.map(bytesOf)));
