// Key files as Solana's tools write them, by @solana/web3.js.
import web3 from "@solana/web3.js";
import { count, print } from "./random.mjs";
import { bytes } from "./solana-random.mjs";

print(Array.from({ length: count }, () => web3.Keypair.fromSeed(bytes(32))).map((k) => ({ file: JSON.stringify([...k.secretKey]), address: k.publicKey.toBase58() })));
