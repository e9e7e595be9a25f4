// Bytes and their text, whether they lie on the curve, and addresses derived from them, by @solana/kit and @solana/web3.js.
import { createAddressWithSeed, getAddressDecoder, getAddressEncoder, getProgramDerivedAddress, isOffCurveAddress } from "@solana/kit";
import { findAssociatedTokenPda } from "@solana-program/token";
import web3 from "@solana/web3.js";
import { below, count, hex, pick, print } from "./random.mjs";
import { address, bytes, toHex } from "./solana-random.mjs";

const words = ["", "vault", "Grenoble №7", "水", "x".repeat(32)];
const cases = [];
for (let i = 0; i < count; i++) {
  const raw = bytes(32);
  if (below(4) === 0) raw.fill(0, 0, below(32));
  const text = getAddressDecoder().decode(raw);
  const c = { bytes: toHex(raw), text, onCurve: !isOffCurveAddress(text), onCurveByWeb3: web3.PublicKey.isOnCurve(raw) };
  if (i % 10 === 0) {
    const program = address();
    const seeds = Array.from({ length: below(16) }, () => hex(pick([0, 1, 8, 31, 32])));
    const [pda, bump] = await getProgramDerivedAddress({ programAddress: program, seeds: seeds.map((s) => Buffer.from(s.slice(2), "hex")) });
    const [same] = web3.PublicKey.findProgramAddressSync(seeds.map((s) => Buffer.from(s.slice(2), "hex")), new web3.PublicKey(program));
    if (same.toBase58() !== pda) throw new Error(`the witnesses disagree about ${pda} and ${same}`);
    const [mint, token, seed] = [address(), address(), pick(words)];
    const [associated] = await findAssociatedTokenPda({ owner: text, mint, tokenProgram: token });
    Object.assign(c, { program, seeds, pda, bump, mint, token, associated, seed, seeded: await createAddressWithSeed({ baseAddress: text, seed, programAddress: program }) });
  }
  cases.push(c);
}
if (getAddressEncoder().encode(cases[0].text).length !== 32) throw new Error("kit's codec");
print(cases);
