// Instructions as Anchor's client builds them, given only the accounts that it cannot find by itself: node solana-instructions.mjs <seed> <count> <IDL or folder>…
import { load } from "./idls.mjs";
import { below, count, print } from "./random.mjs";
import { address, anchor, members, PublicKey } from "./solana-values.mjs";

// A seed in an account's data needs the chain, which is not here: then the account must be given. So must those whose only trace is another account's data.
const needsData = (pda) => [...pda.seeds, ...(pda.program ? [pda.program] : [])].some((s) => s.kind === "account" && s.path.includes("."));
// The program at another address, also where an instruction names it as an account.
const elsewhere = (idl, at) => ({ ...JSON.parse(idl.address ? JSON.stringify(idl).replaceAll(JSON.stringify(idl.address), JSON.stringify(at)) : JSON.stringify(idl)), address: at });
const isGiven = (a) => (a.pda ? needsData(a.pda) : !a.address);

function choose(list, everything, programId, depth = 0) {
  const flat = [], nested = {};
  list.forEach((a, i) => {
    if (a.accounts) {
      const [inner, tree] = choose(a.accounts, everything, programId, depth + 1);
      flat.push(...inner.map(([name, key]) => [`${a.name}_${name}`, key]));
      nested[a.name] = tree;
      return;
    }
    const pair = (b) => b?.name;
    const byEvents = (a.name === "eventAuthority" && pair(list[i + 1]) === "program") || (a.name === "program" && pair(list[i - 1]) === "eventAuthority");
    if (byEvents || (!everything && !isGiven(a) && !a.optional && below(8))) return;
    const key = a.optional && below(2) ? null : address();
    flat.push([a.name, key]);
    nested[a.name] = key ?? (depth ? programId : null); // Anchor takes null only outside of groups
  });
  return [flat, nested];
}

const connection = { getAccountInfo: async () => null };
const cases = [];
for (const idl of process.argv.slice(4).flatMap((file) => load(file, PublicKey))) {
  for (let i = 0; i < count; i++) {
    const program = new anchor.Program(elsewhere(idl, address()), { connection, publicKey: undefined });
    for (const ix of program.idl.instructions) {
      const [values, args] = members(program.idl, ix.args);
      const remaining = Array.from({ length: below(3) }, () => ({ pubkey: new PublicKey(address()), isSigner: below(2) === 1, isWritable: below(2) === 1 }));
      for (const everything of [false, true]) {
        const [accounts, nested] = choose(ix.accounts, everything, program.programId);
        let built;
        try {
          built = await program.methods[ix.name](...Object.values(args)).accountsPartial(nested).remainingAccounts(remaining).instruction();
        } catch (e) {
          // Anchor gives up on what it cannot derive, such as a seed that is too long; then everything is given.
          if (everything) throw e;
          continue;
        }
        cases.push({
          program: idl.metadata.name, name: ix.name, address: program.programId.toBase58(), values, accounts, everything,
          remaining: remaining.map((r) => [r.pubkey.toBase58(), r.isSigner, r.isWritable]),
          keys: built.keys.map((k) => [k.pubkey.toBase58(), k.isSigner, k.isWritable]), data: "0x" + built.data.toString("hex"),
        });
        break;
      }
    }
  }
}
print(cases);
