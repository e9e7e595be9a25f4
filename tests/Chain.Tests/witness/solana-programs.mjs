// Instructions of the programs that every cluster has, and accounts of theirs, as the programs' own clients and @solana/web3.js lay them out.
import {
  AccountRole, createNoopSigner, createTransactionMessage, setTransactionMessageComputeUnitLimit, setTransactionMessageComputeUnitPrice, setTransactionMessageHeapSize,
  setTransactionMessageLoadedAccountsDataSizeLimit,
} from "@solana/kit";
import * as system from "@solana-program/system";
import * as token from "@solana-program/token";
import web3 from "@solana/web3.js";
import { below, count, number, pick, print } from "./random.mjs";
import { address, bytes, instructionJson, signer, toHex } from "./solana-random.mjs";

const key = (text) => new web3.PublicKey(text);
const fromWeb3 = (i) => ({
  programAddress: i.programId.toBase58(), data: i.data,
  accounts: i.keys.map((k) => ({ address: k.pubkey.toBase58(), role: (k.isSigner ? AccountRole.READONLY_SIGNER : 0) + (k.isWritable ? 1 : 0) })),
});
const budget = (set, value) => set(value, createTransactionMessage({ version: 0 })).instructions[0];
const maybe = () => (below(3) ? address() : null);
const words = ["", "seed", "Grenoble №7", "x".repeat(32)];

const cases = [];
const add = (name, args, instruction) => cases.push({ name, ...args, instruction: instructionJson(instruction) });
for (let n = 0; n < count; n++) {
  const [a, b, c, d] = [address(), address(), address(), address()];
  const [A, B, C] = [a, b, c].map(createNoopSigner);
  const [x, y, u, byte, seed, option] = [number(64), number(64), 1 + below(1_400_000), below(256), pick(words), maybe()];
  const programAddress = pick([token.TOKEN_PROGRAM_ADDRESS, "TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb"]);
  const common = { a, b, c, d, x, y, u, byte, seed, option, program: programAddress };
  const of = { programAddress };

  add("CreateAccount", common, system.getCreateAccountInstruction({ payer: A, newAccount: B, lamports: x, space: y, programAddress: c }));
  add("CreateAccountWithSeed", common, system.getCreateAccountWithSeedInstruction({ payer: A, newAccount: b, baseAccount: C, base: c, seed, amount: x, space: y, programAddress: d }));
  add("CreateAccountWithOwnSeed", common, fromWeb3(web3.SystemProgram.createAccountWithSeed({
    fromPubkey: key(a), newAccountPubkey: key(b), basePubkey: key(a), seed, lamports: Number(x >> 12n), space: Number(y >> 12n), programId: key(d) })));
  add("Assign", common, system.getAssignInstruction({ account: A, programAddress: b }));
  add("Allocate", common, system.getAllocateInstruction({ newAccount: A, space: x }));
  add("Transfer", common, system.getTransferSolInstruction({ source: A, destination: b, amount: x }));
  add("InitializeNonce", common, system.getInitializeNonceAccountInstruction({ nonceAccount: a, nonceAuthority: b }));
  add("AdvanceNonce", common, system.getAdvanceNonceAccountInstruction({ nonceAccount: a, nonceAuthority: B }));
  add("WithdrawNonce", common, system.getWithdrawNonceAccountInstruction({ nonceAccount: a, nonceAuthority: B, recipientAccount: c, withdrawAmount: x }));
  add("AuthorizeNonce", common, system.getAuthorizeNonceAccountInstruction({ nonceAccount: a, nonceAuthority: B, newNonceAuthority: c }));

  add("SetUnitLimit", common, budget(setTransactionMessageComputeUnitLimit, u));
  add("SetUnitPrice", common, budget(setTransactionMessageComputeUnitPrice, x));
  add("RequestHeap", { u: 1024 * (32 + u % 225) }, budget(setTransactionMessageHeapSize, 1024 * (32 + u % 225)));
  add("SetLoadedDataLimit", common, budget(setTransactionMessageLoadedAccountsDataSizeLimit, u));

  const slot = Number(x >> 12n);
  const [create, table] = web3.AddressLookupTableProgram.createLookupTable({ authority: key(a), payer: key(b), recentSlot: slot });
  add("CreateTable", { ...common, slot, table: table.toBase58() }, fromWeb3(create));
  const addresses = Array.from({ length: 1 + below(30) }, address);
  add("ExtendTable", { ...common, addresses }, fromWeb3(web3.AddressLookupTableProgram.extendLookupTable({ lookupTable: key(a), authority: key(b), payer: key(c), addresses: addresses.map(key) })));
  add("DeactivateTable", common, fromWeb3(web3.AddressLookupTableProgram.deactivateLookupTable({ lookupTable: key(a), authority: key(b) })));
  add("CloseTable", common, fromWeb3(web3.AddressLookupTableProgram.closeLookupTable({ lookupTable: key(a), authority: key(b), recipient: key(c) })));

  add("InitializeMint", common, token.getInitializeMint2Instruction({ mint: a, decimals: byte, mintAuthority: b, freezeAuthority: option }, of));
  add("InitializeAccount", common, token.getInitializeAccount3Instruction({ account: a, mint: b, owner: c }, of));
  add("MintTo", common, token.getMintToInstruction({ mint: a, token: b, mintAuthority: C, amount: x }, of));
  add("TransferChecked", common, token.getTransferCheckedInstruction({ source: a, mint: b, destination: c, authority: createNoopSigner(d), amount: x, decimals: byte }, of));
  add("SetAuthority", common, token.getSetAuthorityInstruction({ owned: a, owner: B, authorityType: byte % 4, newAuthority: option }, of));
  add("CloseAccount", common, token.getCloseAccountInstruction({ account: a, destination: b, owner: C }, of));
  add("CreateAssociated", common, await token.getCreateAssociatedTokenIdempotentInstructionAsync({ payer: A, owner: b, mint: c, tokenProgram: programAddress }));

  const [key25519, message] = [await signer(), bytes(below(300))];
  const signature = bytes(64);
  const publicKey = key(key25519.address).toBytes();
  add("Ed25519", { key: toHex(publicKey), message: toHex(message), signature: toHex(signature) }, fromWeb3(web3.Ed25519Program.createInstructionWithPublicKey({ publicKey, message, signature })));

  const mint = { mintAuthority: maybe(), supply: x, decimals: byte, isInitialized: true, freezeAuthority: maybe() };
  cases.push({ name: "mint", ...mint, data: toHex(token.getMintEncoder().encode(mint)) });
  const account = {
    mint: a, owner: b, amount: x, delegate: maybe(), state: 1 + below(2), isNative: below(2) ? number(64) : null, delegatedAmount: y, closeAuthority: maybe(),
  };
  cases.push({ name: "token", ...account, data: toHex(token.getTokenEncoder().encode(account)) });
  const nonce = { version: 1, state: 1, authority: a, blockhash: b, lamportsPerSignature: x };
  cases.push({ name: "nonce", ...nonce, data: toHex(system.getNonceEncoder().encode(nonce)) });
}
print(cases);
