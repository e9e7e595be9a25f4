// Gas of the operations that users and operators pay for, by receipts: deploys the committed artifacts to a fresh Anvil and sends real transactions.
// Fixed keys and times make every figure repeatable to the unit.   node bench/gas/gas.mjs [--json]
import { startNetwork } from "./network.mjs";

/** What each figure is compared with: minimal contracts without windows, breaker, registries or bounds, measured in isolation. */
const minimal = {
  "token.transfer.new": 51188, "token.transfer.existing": 34088,
  "attest.n4.q3": 104489, "attest.n7.q5": 118361, "attest.n31.q21": 229253,
  "claim.depth12.first": 97935, "claim.depth12.repeat": 63807, "claim.depth17.first": 101350, "claim.depth17.repeat": 67210,
  "claim.depth20.first": 103387, "claim.depth20.repeat": 69259, "claimMany50.depth12.repeat.each": 26432, "claimMany50.depth12.exhausted.each": 17910,
  "fault.decreased.depth17": 78513, "equivocation": 64919, "device.register.secp256k1": 192085, "device.transfer": 59223,
  "stake.deposit.first": 103982, "stake.deposit.again": 52838, "stake.thaw": 78712, "stake.slash": 67270,
};

/** The limits that the design sets. */
const limits = { "attest.n7.q5": 230000, "claim.depth17.repeat": 78000, "claimMany50.depth12.repeat.each": 32000 };

const figures = {};
const keep = (name, receipt, share = 1) => { figures[name] = Math.round(Number(receipt.gasUsed) / share); };

for (const [n, q] of [[4, 3], [31, 21]]) {
  const network = await startNetwork(n);
  try {
    await network.attest({ leafCount: 0 });
    keep(`attest.n${n}.q${q}`, (await network.attest({ leafCount: 0 })).receipt);
  } finally {
    network.stop();
  }
}

const network = await startNetwork(7);
try {
  const { deposit, thaw, withdraw, slash } = network.staking;
  keep("token.transfer.new", await network.transfer(network.account(900), 10n ** 18n));
  keep("token.transfer.existing", await network.transfer(network.account(900), 10n ** 18n));

  keep("device.register.secp256k1", await network.register("secp256k1", 1, 901));
  keep("device.register.P-256", await network.register("P-256", 2, 901));
  keep("device.register.Ed25519", await network.register("Ed25519", 3, 901));
  keep("device.transfer", await network.transferDevice(1, 0));

  keep("stake.deposit.first", await deposit(0, 0, 100n * 10n ** 18n));
  keep("stake.deposit.again", await deposit(0, 0, 100n * 10n ** 18n));
  keep("stake.delegate", await deposit(0, 1, 100n * 10n ** 18n));
  keep("stake.thaw", await thaw(0, 0, 10n ** 22n));
  keep("stake.slash", await slash(0, 10_000));
  keep("stake.withdraw", await withdraw(0, 0, 0n));

  // Trees of growing depth; two roots at each, so that a second claim finds its account's slots warm with value.
  await network.setAccounts(1 << 20);
  for (const depth of [12, 17, 20]) {
    const one = network.tree(depth, 1);
    const first = await network.attest(one);
    if (depth === 12) keep("attest.n7.q5.first", first.receipt);
    keep(`finalize.depth${depth}`, await network.finalize());
    keep(`claim.depth${depth}.first`, await network.claim(one, 0));
    keep(`claimMany50.depth${depth}.first.each`, await network.claimMany(one, 50), 50);
    const two = network.tree(depth, 2);
    const second = await network.attest(two);
    if (depth === 12) keep("attest.n7.q5", second.receipt);
    await network.finalize();
    keep(`claim.depth${depth}.repeat`, await network.claim(two, 0));
    keep(`claim.depth${depth}.repeat.byOthers`, await network.claim(two, 1, 0));
    await network.claimMany(two, 50);
    const three = network.tree(depth, 3);
    await network.attest(three);
    await network.finalize();
    keep(`claimSigned.depth${depth}.repeat`, await network.claimSigned(three, 0));
    const four = network.tree(depth, 4);
    await network.attest(four);
    await network.finalize();
    keep(`claimMany50.depth${depth}.repeat.each`, await network.claimMany(four, 50), 50);
    keep(`claimMany50.depth${depth}.exhausted.each`, await network.claimMany(four, 50), 50);
    if (depth === 17) {
      const bad = network.tree(depth, 5, { decreased: 5 });
      await network.attest(bad);
      keep("fault.decreased.depth17", await network.proveDecreased(bad, four, 5));
    }
  }
  keep("equivocation", await network.equivocate());
} finally {
  network.stop();
}

const ordered = Object.fromEntries(Object.keys(figures).sort().map((name) => [name, figures[name]]));
if (process.argv.includes("--json")) {
  console.log(JSON.stringify({ gas: ordered, limits }, null, 2));
} else {
  console.log(`${"operation".padEnd(40)}${"gas".padStart(10)}${"minimal".padStart(10)}${"ratio".padStart(8)}${"limit".padStart(10)}`);
  for (const [name, gas] of Object.entries(ordered)) {
    const base = minimal[name];
    console.log(`${name.padEnd(40)}${String(gas).padStart(10)}${String(base ?? "").padStart(10)}${(base ? (gas / base).toFixed(2) : "").padStart(8)}${String(limits[name] ?? "").padStart(10)}`);
  }
}
const over = Object.entries(limits).filter(([name, limit]) => !(figures[name] <= limit));
for (const [name, limit] of over) console.error(`${name} costs ${figures[name]}, over its limit of ${limit}`);
process.exit(over.length === 0 ? 0 : 1);
