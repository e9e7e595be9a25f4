// Solana's own runtime (LiteSVM), one command a line: what validators would do with the transactions that it is given.
import { createInterface } from "node:readline";
import { createRequire } from "node:module";
import { getTransactionDecoder } from "@solana/kit";

const { LiteSVM, FailedTransactionMetadata } = createRequire(import.meta.url)("litesvm");
const svm = new LiteSVM();
const commands = {
  blockhash: () => svm.latestBlockhash(),
  expire: () => void svm.expireBlockhash(),
  airdrop: ({ address, lamports }) => void svm.airdrop(address, BigInt(lamports)),
  rent: ({ space }) => Number(svm.minimumBalanceForRentExemption(BigInt(space))),
  slot: ({ slot }) => {
    svm.warpToSlot(BigInt(slot));
    svm.setSlotHashes([{ slot: BigInt(slot) - 1n, hash: svm.latestBlockhash() }]);
  },
  account: ({ address }) => {
    const account = svm.getAccount(address);
    return account.exists ? { owner: account.programAddress, data: Buffer.from(account.data).toString("base64"), lamports: Number(account.lamports) } : null;
  },
  send: ({ raw }) => {
    const result = svm.sendTransaction(getTransactionDecoder().decode(Buffer.from(raw, "base64")));
    const failed = result instanceof FailedTransactionMetadata;
    const error = failed ? result.err() : null;
    return { error: failed ? typeof error === "number" ? `error ${error}` : result.toString() : null, logs: (failed ? result.meta() : result).logs() };
  },
};
for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  process.stdout.write(JSON.stringify(commands[command.do](command) ?? null) + "\n");
}
