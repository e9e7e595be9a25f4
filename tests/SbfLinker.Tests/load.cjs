// Runs a linked program in LiteSVM: its log lines and outcome, one a line. Usage: node load.cjs <shared object>
"use strict";
const fs = require("node:fs");
const path = require("node:path");
const from = (name) => require(path.join(__dirname, "../../node_modules", name));
const web3 = from("@solana/web3.js");
const { LiteSVM, FailedTransactionMetadata } = from("litesvm");
const { getTransactionDecoder } = from("@solana/kit");

const svm = new LiteSVM();
const id = new web3.PublicKey(Buffer.alloc(32, 7));
const payer = web3.Keypair.fromSeed(Buffer.alloc(32, 1));
svm.addProgram(id.toBase58(), fs.readFileSync(process.argv[2]));
svm.airdrop(payer.publicKey.toBase58(), 1_000_000_000n);
const tx = new web3.Transaction({ feePayer: payer.publicKey, recentBlockhash: svm.latestBlockhash() });
tx.add(new web3.TransactionInstruction({ programId: id, keys: [], data: Buffer.alloc(0) }));
tx.sign(payer);
const result = svm.sendTransaction(getTransactionDecoder().decode(tx.serialize()));
const failed = result instanceof FailedTransactionMetadata;
for (const line of (failed ? result.meta() : result).logs()) console.log(line);
