// A network of real contracts on a fresh Anvil, driven by fixed keys.
import { spawn } from "node:child_process";
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { p256 } from "@noble/curves/nist.js";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import {
  bytesToHex, concatHex, createPublicClient, createTestClient, createWalletClient, encodeDeployData, getContractAddress, hashTypedData,
  hexToBytes, http, keccak256, numberToHex, pad, parseAbi, publicActions, stringToHex, toHex, walletActions, zeroAddress, zeroHash,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), "../..");
const genesis = 1_800_000_000n;
const epochLength = 86_400n;
const unit = 10n ** 18n;
const base = 178_063n * unit;
const decay = (99_955_484n << 96n) / 100_000_000n;
const bond = 5_000n * unit;
const names = [
  "NetworkToken", "EmissionController", "DeviceRegistry", "PayoutRegistry", "ProviderStaking", "OperatorRegistry", "ReportVerifier",
  "RewardDistributor",
];
const artifacts = Object.fromEntries(names.map((name) =>
  [name, JSON.parse(fs.readFileSync(path.join(root, `contracts/evm/artifacts/${name}.json`), "utf8"))]));

const keyOf = (label) => keccak256(stringToHex(label));
const u = (value, bytes) => numberToHex(value, { size: bytes });

function freePort() {
  return new Promise((resolve) => {
    const server = net.createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

async function startAnvil() {
  const port = await freePort();
  const child = spawn(path.join(root, "node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil"),
    ["--port", String(port), "--hardfork", "osaka", "--timestamp", String(genesis - 10n * epochLength), "--gas-limit", "60000000", "--silent",
      "--order", "fifo", "--no-request-size-limit"],
    { stdio: "ignore" });
  const transport = http(`http://127.0.0.1:${port}`);
  const client = createTestClient({ mode: "anvil", transport, pollingInterval: 20 }).extend(publicActions).extend(walletActions);
  for (let attempt = 0; ; ++attempt) {
    try {
      await client.getChainId();
      // Else the machine's clock says how many seconds lie between two transactions, and with them what the breaker drains.
      await client.setBlockTimestampInterval({ interval: 1 });
      return { client, stop: () => child.kill() };
    } catch (error) {
      if (attempt === 200 || child.exitCode !== null) throw new Error("Anvil did not start", { cause: error });
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

export async function startNetwork(n) {
  const { client, stop } = await startAnvil();
  const chain = { id: 31_337, name: "anvil", nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 }, rpcUrls: { default: { http: [] } } };
  const funder = privateKeyToAccount(keyOf("gas: funder"));
  const arbiter = privateKeyToAccount(keyOf("gas: arbiter"));
  const maker = privateKeyToAccount(keyOf("gas: maker"));
  const account = (i) => privateKeyToAccount(keyOf(`gas: account ${i}`));
  const rich = new Set();

  async function send(from, request) {
    if (!rich.has(from.address)) {
      await client.setBalance({ address: from.address, value: 10n ** 24n });
      rich.add(from.address);
    }
    // A fixed limit and price: nothing is estimated, nothing depends on the load of the machine.
    const hash = await client.sendTransaction({ account: from, chain, gas: 30_000_000n, gasPrice: 10n ** 10n, type: "legacy", ...request });
    const receipt = await client.waitForTransactionReceipt({ hash });
    if (receipt.status !== "success") {
      await client.call({ account: from, ...request });
      throw new Error("a transaction of the gas measurement failed");
    }
    return receipt;
  }

  const nonce = BigInt(await client.getTransactionCount({ address: funder.address }));
  const at = Object.fromEntries(names.map((name, i) => [name, getContractAddress({ from: funder.address, nonce: nonce + BigInt(i) })]));
  const args = {
    NetworkToken: ["Network", "NET", 18, 1_000_000_000n * unit, at.EmissionController, [{ account: funder.address, amount: 600_000_000n * unit }]],
    EmissionController: [at.NetworkToken, at.RewardDistributor, at.ReportVerifier, funder.address, base, decay, [{ account: arbiter.address, bps: 1000 }]],
    DeviceRegistry: ["Devices", "DEV", at.PayoutRegistry, funder.address, 86_400n],
    PayoutRegistry: [at.DeviceRegistry, at.ProviderStaking, 86_400n],
    ProviderStaking: [at.NetworkToken, at.PayoutRegistry, arbiter.address,
      { minDeposit: unit, poolCap: 10_000_000n * unit, thawPeriod: 1_814_400n, delegationRatio: 16, maxThaws: 100 }],
    OperatorRegistry: [at.NetworkToken, at.ReportVerifier, at.RewardDistributor, funder.address,
      { minBond: bond, bondThaw: 1_814_400n, recoverySilence: 259_200n, reporterBps: 500 }],
    ReportVerifier: [
      { operators: at.OperatorRegistry, emission: at.EmissionController, payouts: at.PayoutRegistry, distributor: at.RewardDistributor,
        token: at.NetworkToken, arbiter: arbiter.address },
      { genesis, epochLength, challengeWindow: 172_800n, challengeExtension: 432_000n, challengeBond: 10_000n * unit },
    ],
    RewardDistributor: [at.NetworkToken, at.ReportVerifier, at.PayoutRegistry, funder.address,
      { capacity: 890_000n * unit, minCapacity: 100_000n * unit, maxCapacity: 2_000_000n * unit, breakerWindow: 86_400n, maxFeeBps: 100, maxBatch: 100 }],
  };
  for (const name of names) {
    const { abi, bytecode } = artifacts[name];
    const receipt = await send(funder, { data: encodeDeployData({ abi, bytecode, args: args[name] }) });
    if (receipt.contractAddress.toLowerCase() !== at[name].toLowerCase()) throw new Error(`${name} is not where it was expected`);
  }
  const read = (name, functionName, params = []) =>
    client.readContract({ address: at[name], abi: artifacts[name].abi, functionName, args: params });
  const { encodeFunctionData } = await import("viem");
  const write = (from, name, functionName, params) =>
    send(from, { to: at[name], data: encodeFunctionData({ abi: artifacts[name].abi, functionName, args: params }) });

  // --- operators
  const operators = Array.from({ length: n }, (_, i) => privateKeyToAccount(keyOf(`gas: operator ${i}`)));
  const keys = Object.fromEntries(operators.map((o, i) => [o.address, keyOf(`gas: operator ${i}`)]));
  operators.sort((a, b) => (a.address.toLowerCase() < b.address.toLowerCase() ? -1 : 1));
  await write(funder, "NetworkToken", "approve", [at.OperatorRegistry, 2n ** 255n]);
  for (const o of operators) await write(funder, "OperatorRegistry", "register", [o.address, keccak256(o.address), "", bond]);
  await write(funder, "OperatorRegistry", "scheduleConfig", [operators.map((o) => o.address), 1n, keyOf("parameters"), keyOf("rules")]);
  const q = (2 * (n - 1)) / 3 + 1;

  await write(funder, "DeviceRegistry", "setMaker", [1, maker.address, 1000, true]);
  await write(maker, "DeviceRegistry", "addModel", [1, 1, 0, 600, zeroHash]);

  function signCompact(key, digest) {
    const s = secp256k1.sign(hexToBytes(digest), hexToBytes(key), { lowS: true });
    return concatHex([u(s.r, 32), u(s.s | (BigInt(s.recovery) << 255n), 32)]);
  }

  // --- reports
  const roots = {};
  let parent = { digest: zeroHash, total: 0n };
  async function toTime(time) {
    const block = await client.getBlock();
    if (block.timestamp < time) {
      await client.setNextBlockTimestamp({ timestamp: time });
      await client.mine({ blocks: 1 });
    }
  }
  function encode(r) {
    return concatHex([
      stringToHex("\x19DePIN report v1"), r.config, u(r.generation, 8), u(r.epoch, 8), u(r.start, 8), u(r.end, 8), u(r.anchor, 8), keyOf(`anchor ${r.epoch}`),
      r.previous, keyOf(`evidence ${r.epoch}`), keyOf(`state ${r.epoch}`), r.root, zeroHash, u(r.leafCount, 4), u(r.total, 16), u(r.unallocated, 16),
      keyOf(`manifest ${r.epoch} ${r.variant ?? ""}`),
    ]);
  }
  let last;
  async function attest(tree) {
    const epoch = await read("ReportVerifier", "nextEpoch");
    const [start, end] = await read("ReportVerifier", "periodOf", [epoch]);
    const total = tree.total ?? parent.total;
    last = {
      config: await read("OperatorRegistry", "configDigestAt", [epoch]), generation: await read("ReportVerifier", "generation"), epoch, start, end,
      anchor: epoch * 1000n, previous: parent.digest, root: tree.root ?? zeroHash, leafCount: tree.leafCount, total,
      unallocated: (await read("EmissionController", "budgetOf", [epoch])) - (total - parent.total),
    };
    await toTime(end);
    const report = encode(last);
    const digest = keccak256(report);
    const signatures = concatHex(operators.slice(0, q).map((o) => signCompact(keys[o.address], digest)));
    const receipt = await write(funder, "ReportVerifier", "attest", [report, (1 << q) - 1, signatures]);
    parent = { digest, total, before: parent };
    return { receipt };
  }
  async function finalize() {
    const epoch = await read("ReportVerifier", "nextFinal");
    await toTime((await read("ReportVerifier", "accepted", [epoch])).claimableAt);
    return write(funder, "ReportVerifier", "finalize", [epoch]);
  }

  // --- trees: 64 real leaves at the left; every other branch is one made-up node of the proper level
  const domain = keccak256(concatHex([stringToHex("\x19DePIN reward v1"), "0x00", u(31_337n, 32), pad(at.RewardDistributor, { size: 32 }), pad(at.NetworkToken, { size: 32 })]));
  const tokens = {};
  function tree(depth, round, { decreased = -1 } = {}) {
    const leaves = [];
    let prefix = 0n;
    const step = depth * 100 + round;
    for (let i = 0; i < 64; ++i) {
      const cumulative = BigInt(step) * unit + BigInt(i) - (i === decreased ? 2n * unit : 0n);
      leaves.push({ index: i, account: account(i).address, cumulative, prefix, itemsHash: keyOf(`items ${step} ${i}`) });
      prefix += cumulative;
    }
    let row = leaves.map((l) => keccak256(keccak256(concatHex([domain, u(l.index, 4), pad(l.account, { size: 32 }), u(l.cumulative, 16), u(l.prefix, 16), l.itemsHash]))));
    const rows = [row];
    while (row.length > 1) {
      row = row.reduce((above, node, i) => (i % 2 === 0 ? [...above, keccak256(concatHex([node, rows.at(-1)[i + 1]]))] : above), []);
      rows.push(row);
    }
    const upper = [];
    let node = row[0];
    for (let level = 6; level < depth; ++level) {
      upper.push(keyOf(`node ${step} ${level}`));
      node = keccak256(concatHex([node, upper.at(-1)]));
    }
    const proofOf = (i) => [...rows.slice(0, 6).map((r, level) => r[(i >> level) ^ 1]), ...upper];
    return { depth, leafCount: 2 ** depth, root: node, leaves, proofOf, total: prefix };
  }

  // --- devices
  const types = { secp256k1: 1, "P-256": 2, Ed25519: 3 };
  async function register(type, key, owner) {
    const secret = hexToBytes(keyOf(`gas: device ${key}`));
    const publicKey = type === "Ed25519" ? keyOf(`gas: ed25519 ${key}`)
      : bytesToHex((type === "P-256" ? p256 : secp256k1).getPublicKey(secret, false).slice(1));
    const r = {
      keyType: types[type], publicKey, owner: account(owner).address, modelId: 1, batchId: 0n, cell: 0x8a1fb46622dffffn, metadata: keyOf("metadata"), nonce: 0n,
      deadline: genesis,
    };
    const digest = await read("DeviceRegistry", "registrationDigest", [r]);
    const device = type === "Ed25519" ? "0x" : type === "secp256k1" ? signCompact(bytesToHex(secret), digest)
      : `0x${p256.sign(hexToBytes(digest), secret, { lowS: true }).toCompactHex()}`;
    return write(funder, "DeviceRegistry", "register", [r, device, await maker.sign({ hash: digest }), []]);
  }

  // --- stake
  const approved = new Set();
  const staking = {
    async deposit(provider, staker, amount) {
      if (!approved.has(staker)) {
        approved.add(staker);
        await write(funder, "NetworkToken", "transfer", [account(staker).address, 10_000n * unit]);
        await write(account(staker), "NetworkToken", "approve", [at.ProviderStaking, 2n ** 255n]);
      }
      return write(account(staker), "ProviderStaking", "deposit", [account(provider).address, amount, 0n]);
    },
    thaw: (provider, staker, shares) => write(account(staker), "ProviderStaking", "requestThaw", [account(provider).address, shares, 0n]),
    slash: (provider, ppm) => write(arbiter, "ProviderStaking", "slash", [account(provider).address, ppm, keyOf("why")]),
    async withdraw(provider, staker, id) {
      await toTime((await read("ProviderStaking", "thaw", [account(provider).address, account(staker).address, id])).readyAt);
      return write(account(staker), "ProviderStaking", "withdraw", [account(provider).address, id]);
    },
  };

  return {
    client, stop, account: (i) => account(i).address, attest, finalize, tree, register, staking,
    transfer: (to, amount) => write(funder, "NetworkToken", "transfer", [to, amount]),
    transferDevice: (id, to) => write(account(901), "DeviceRegistry", "transferFrom", [account(901).address, account(to).address, BigInt(id)]),
    /** Pretends that so many payout accounts exist: the length of the registry's first array. */
    setAccounts: (count) => client.setStorageAt({ address: at.PayoutRegistry, index: 0, value: u(BigInt(count), 32) }),
    claim: (t, i, sender = i) => write(account(sender), "RewardDistributor", "claim", [t.root, t.leaves[i], t.proofOf(i)]),
    claimMany: (t, count, from = 0) => write(funder, "RewardDistributor", "claimMany",
      [t.root, t.leaves.slice(from, count).map((leaf) => ({ leaf, proof: t.proofOf(leaf.index) }))]),
    async claimSigned(t, i) {
      const message = {
        account: account(i).address, root: t.root, fee: 10n ** 15n, feeTo: arbiter.address,
        nonce: await read("RewardDistributor", "nonces", [account(i).address]), deadline: genesis * 2n,
      };
      const signature = await account(i).sign({
        hash: hashTypedData({
          domain: { name: "DePIN RewardDistributor", version: "1", chainId: 31_337, verifyingContract: at.RewardDistributor },
          primaryType: "ClaimFor", message,
          types: { ClaimFor: parseClaim() },
        }),
      });
      return write(funder, "RewardDistributor", "claimWithSignature",
        [t.root, t.leaves[i], t.proofOf(i), message.fee, message.feeTo, message.deadline, signature]);
    },
    async proveDecreased(bad, before, i) {
      const epoch = (await read("ReportVerifier", "nextEpoch")) - 1n;
      const receipt = await write(funder, "ReportVerifier", "proveTreeFault",
        [epoch, 1, bad.leaves[i], bad.proofOf(i), before.leaves[i], before.proofOf(i)]);
      parent = parent.before;
      return receipt;
    },
    equivocate() {
      const one = encode(last);
      const two = encode({ ...last, variant: "other" });
      const key = keys[operators[0].address];
      return write(funder, "ReportVerifier", "proveEquivocation", [one, signCompact(key, keccak256(one)), two, signCompact(key, keccak256(two))]);
    },
  };
}

function parseClaim() {
  return [
    { name: "account", type: "address" }, { name: "root", type: "bytes32" }, { name: "fee", type: "uint256" },
    { name: "feeTo", type: "address" }, { name: "nonce", type: "uint256" }, { name: "deadline", type: "uint64" },
  ];
}
