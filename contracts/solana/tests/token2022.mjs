// Token-2022 for tests: mints and token accounts that the program itself makes, in LiteSVM, each extension by its own instruction.
import crypto from "node:crypto";
import { World, Network, must, key, le, web3, TOKEN_2022, SYSTEM } from "./rig.mjs";

const ASSOCIATED = new web3.PublicKey("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL");
const zeros = (length) => Buffer.alloc(length);
const someone = key("somebody with a hand in it").publicKey.toBuffer();
const call = (keys, data, programId = TOKEN_2022) => new web3.TransactionInstruction({ programId, keys, data: Buffer.concat(data.map((d) => (typeof d === "number" ? Buffer.from([d]) : d))) });
const at = (pubkey, isWritable = false, isSigner = false) => ({ pubkey, isWritable, isSigner });
const text = (value) => Buffer.concat([le(value.length, 4), Buffer.from(value)]);
const interfaceTag = (name) => crypto.createHash("sha256").update(name).digest().subarray(0, 8);

/** Mint extensions: type, bytes of the value, and the data of the instruction that makes it before the mint itself. */
export const EXTENSIONS = {
  TransferFeeConfig: { type: 1, size: 108, data: [26, 0, 1, someone, 1, someone, le(100, 2), le(1_000, 8)] },
  MintCloseAuthority: { type: 3, size: 32, data: [25, 1, someone] },
  ConfidentialTransferMint: { type: 4, size: 65, data: [27, 0, someone, 1, zeros(32)] },
  DefaultAccountState: { type: 6, size: 1, data: [28, 0, 1] },
  NonTransferable: { type: 9, size: 0, data: [32] },
  InterestBearingConfig: { type: 10, size: 52, data: [33, 0, someone, le(500, 2)] },
  PermanentDelegate: { type: 12, size: 32, data: [35, someone] },
  TransferHook: { type: 14, size: 64, data: [36, 0, someone, someone] },
  ConfidentialTransferFeeConfig: { type: 16, size: 129, data: [37, 0, someone, zeros(32)], needs: ["TransferFeeConfig", "ConfidentialTransferMint"] },
  MetadataPointer: { type: 18, size: 64, data: (mint) => [39, 0, someone, mint.toBuffer()] },
  GroupPointer: { type: 20, size: 64, data: (mint) => [40, 0, someone, mint.toBuffer()] },
  GroupMemberPointer: { type: 22, size: 64, data: (mint) => [41, 0, someone, mint.toBuffer()] },
  ScaledUiAmount: { type: 25, size: 56, data: [43, 0, someone, Buffer.from(new Float64Array([2]).buffer)] },
  Pausable: { type: 26, size: 33, data: [44, 0, someone] },
  PermissionedBurn: { type: 28, size: 32, data: [46, 0, someone] },
};

/** A mint by the program, with those extensions. */
export function makeMint(world, { authority, label, names = [], decimals = 9, freeze = null }) {
  const mint = key(label);
  const all = names.map((name) => EXTENSIONS[name]);
  const space = all.length === 0 ? 82 : 166 + all.reduce((sum, e) => sum + 4 + e.size, 0);
  const optional = freeze === null ? [0] : [1, freeze.toBuffer()];
  must(world.send([
    web3.SystemProgram.createAccount({ fromPubkey: world.payer.publicKey, newAccountPubkey: mint.publicKey, space, lamports: 20_000_000, programId: TOKEN_2022 }),
    ...all.map((e) => call([at(mint.publicKey, true)], typeof e.data === "function" ? e.data(mint.publicKey) : e.data)),
    call([at(mint.publicKey, true)], [20, decimals, authority.toBuffer(), ...optional]),
  ], [mint]));
  return mint.publicKey;
}

export const extensionsOf = (mint, { update, authority }) => ({
  metadata: (uri = "https://token.example") => call([at(mint, true), at(update), at(mint), at(authority, false, true)], [interfaceTag("spl_token_metadata_interface:initialize_account"), text("Token"), text("TKN"), text(uri)]),
  metadataField: (name, value) => call([at(mint, true), at(update, false, true)], [interfaceTag("spl_token_metadata_interface:updating_field"), 3, text(name), text(value)]),
  group: () => call([at(mint, true), at(mint), at(authority, false, true)], [interfaceTag("spl_token_group_interface:initialize_token_group"), update.toBuffer(), le(10, 8)]),
  member: (group) => call([at(mint, true), at(mint), at(authority, false, true), at(group, true), at(update, false, true)], [interfaceTag("spl_token_group_interface:initialize_member")]),
});

export const associated = (owner, mint) => web3.PublicKey.findProgramAddressSync([owner.toBuffer(), TOKEN_2022.toBuffer(), mint.toBuffer()], ASSOCIATED)[0];

/** What an owner may do to its own token account: 8 asks for a memo, 11 keeps it from calls. */
export function demand(world, account, owner, type, on = true) {
  const tag = { 8: 30, 11: 34 }[type];
  return must(world.send([
    call([at(account, true), at(world.payer.publicKey, true, true), at(SYSTEM), at(owner.publicKey, false, true)], [29, le(type, 2)]),
    call([at(account, true), at(owner.publicKey, false, true)], [tag, on ? 0 : 1]),
  ], [owner]));
}

/** A world in which every token account is an associated one and all tokens come out of a treasury that the mint filled before the network took it. */
export class RealWorld extends World {
  token(label, mint, owner, amount = 0n) {
    const account = associated(owner, mint);
    const { treasury } = this;
    must(this.send([
      call([at(this.payer.publicKey, true, true), at(account, true), at(owner), at(mint), at(SYSTEM), at(TOKEN_2022)], [1], ASSOCIATED),
      ...(amount > 0n ? [call([at(treasury.account, true), at(mint), at(account, true), at(treasury.owner.publicKey, false, true)], [12, le(amount, 8), 9])] : []),
    ], [treasury.owner]));
    return account;
  }

  fill(mint, authority, amount) {
    this.treasury = { owner: key("treasury") };
    this.treasury.account = this.token("treasury", mint, this.treasury.owner.publicKey);
    must(this.send(call([at(mint, true), at(this.treasury.account, true), at(authority.publicKey, false, true)], [7, le(amount, 8)]), [authority]));
  }
}

export const TREASURY = 1n << 40n;

/** A network over a mint with metadata, all of it as Token-2022 makes it. */
export function realNetwork(parameters = {}) {
  const world = new RealWorld();
  const n = new Network(world, parameters, { makeMint: ({ authority, label }) => makeMint(world, { authority, label, names: ["MetadataPointer"] }) });
  n.update = key("metadata's authority");
  n.extensions = extensionsOf(n.mint, { update: n.update.publicKey, authority: n.authority.publicKey });
  must(world.send(n.extensions.metadata(), [n.authority]));
  world.fill(n.mint, n.authority, TREASURY);
  return n;
}
