// Random addresses, roles and instructions as @solana/kit takes them; seeded by random.mjs.
import { AccountRole, createKeyPairFromPrivateKeyBytes, getAddressDecoder, getAddressFromPublicKey, isAddress } from "@solana/kit";
import { below, hex, pick } from "./random.mjs";

export const bytes = (length) => Uint8Array.from(Buffer.from(hex(length).slice(2), "hex"));
export const toHex = (data) => "0x" + Buffer.from(data ?? []).toString("hex");
export const address = () => getAddressDecoder().decode(bytes(32));

// Another address that differs by the case of one letter: what a collation that ignores case has to break ties between.
export function twin(of) {
  const letters = [...of].map((c, i) => [c, i]).filter(([c, i]) => i > 20 && /[a-zA-Z]/.test(c));
  for (const [c, i] of letters) {
    const other = c === c.toUpperCase() ? c.toLowerCase() : c.toUpperCase();
    const text = of.slice(0, i) + other + of.slice(i + 1);
    if (isAddress(text)) return text;
  }
  return address();
}

export async function signer() {
  const seed = hex(32);
  const pair = await createKeyPairFromPrivateKeyBytes(Buffer.from(seed.slice(2), "hex"), true);
  return { seed, pair, address: await getAddressFromPublicKey(pair.publicKey) };
}

export const isSigner = (role) => role >= AccountRole.READONLY_SIGNER;
export const isWritable = (role) => role % 2 === 1;

export const instructionJson = (i) => ({
  program: i.programAddress,
  accounts: (i.accounts ?? []).map((a) => ({ address: a.address, signer: isSigner(a.role), writable: isWritable(a.role) })),
  data: toHex(i.data),
});

// A payer, what it pays for, and tables that hold some of the accounts.
export async function transaction(most) {
  const signers = await Promise.all(Array.from({ length: 1 + below(3) }, signer));
  const others = Array.from({ length: 1 + below(most) }, address);
  others.push(twin(others[0]));
  const programs = Array.from({ length: 1 + below(4) }, address);
  const instructions = Array.from({ length: below(5) }, () => ({
    programAddress: pick(programs),
    accounts: Array.from({ length: below(9) }, () =>
      below(8) === 0 ? { address: pick(programs), role: AccountRole.READONLY }
      : below(4) === 0 ? { address: pick(signers).address, role: below(4) }
      : { address: pick(others), role: below(2) }),
    data: bytes(pick([0, 1, 4, 12, 127, 128, below(300), below(900)])),
  }));
  const tables = Array.from({ length: below(4) }, () => ({
    address: address(),
    addresses: Array.from({ length: 1 + below(30) }, () => below(3) ? pick(others) : below(4) === 0 ? pick(programs) : below(4) === 0 ? pick(signers).address : address()),
  }));
  return { payer: signers[0], signers, instructions, tables, blockhash: address() };
}
