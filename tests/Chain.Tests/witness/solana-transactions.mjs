// Random transactions compiled and signed by @solana/kit, legacy and version 0; and the same compiled by @solana/web3.js, which orders accounts otherwise.
import {
appendTransactionMessageInstructions, blockhash, compileTransaction, compressTransactionMessageUsingAddressLookupTables, createTransactionMessage,
  getBase64EncodedWireTransaction, getSignatureFromTransaction, getTransactionSize, partiallySignTransaction, pipe, setTransactionMessageFeePayer,
  setTransactionMessageLifetimeUsingBlockhash,
} from "@solana/kit";
import web3 from "@solana/web3.js";
import { below, count, print } from "./random.mjs";
import { instructionJson, isSigner, isWritable, toHex, transaction } from "./solana-random.mjs";

const key = (text) => new web3.PublicKey(text);
function byWeb3(t, version) {
  const message = new web3.TransactionMessage({
    payerKey: key(t.payer.address), recentBlockhash: t.blockhash,
    instructions: t.instructions.map((i) => new web3.TransactionInstruction({
      programId: key(i.programAddress), data: Buffer.from(i.data),
      keys: i.accounts.map((a) => ({ pubkey: key(a.address), isSigner: isSigner(a.role), isWritable: isWritable(a.role) })),
    })),
  });
  const tables = t.tables.map((table) => new web3.AddressLookupTableAccount({ key: key(table.address), state: { addresses: table.addresses.map(key) } }));
  return toHex(version === 0 ? message.compileToV0Message(tables).serialize() : message.compileToLegacyMessage().serialize());
}

const cases = [];
for (let i = 0; i < count; i++) {
  const t = await transaction(below(10) === 0 ? 60 : 20);
  const version = below(2) ? 0 : "legacy";
  if (version === "legacy") t.tables = [];
  const compiled = compileTransaction(pipe(
    createTransactionMessage({ version }),
    (m) => setTransactionMessageFeePayer(t.payer.address, m),
    (m) => setTransactionMessageLifetimeUsingBlockhash({ blockhash: blockhash(t.blockhash), lastValidBlockHeight: 0n }, m),
    (m) => appendTransactionMessageInstructions(t.instructions, m),
    (m) => version === 0 ? compressTransactionMessageUsingAddressLookupTables(m, Object.fromEntries(t.tables.map((table) => [table.address, table.addresses]))) : m,
  ));
  const asked = t.signers.filter((s) => s.address in compiled.signatures);
  const keys = asked.filter((s) => s === t.payer || below(4) !== 0);
  const signed = await partiallySignTransaction(keys.map((s) => s.pair), compiled);
  const size = getTransactionSize(signed);
  cases.push({
    payer: t.payer.address, blockhash: t.blockhash, legacy: version === "legacy", tables: t.tables, instructions: t.instructions.map(instructionJson),
    seeds: keys.map((s) => s.seed), missing: asked.filter((s) => !keys.includes(s)).map((s) => s.address),
    message: toHex(compiled.messageBytes), size, raw: getBase64EncodedWireTransaction(signed), id: getSignatureFromTransaction(signed),
    ...(size <= 1232 ? { web3: byWeb3(t, version) } : {}),
  });
}
print(cases);
