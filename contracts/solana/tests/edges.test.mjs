// Checks behind the checks: states that no network reaches, put in place as nobody could on a cluster.
import { World, Network, must, refused, test, anchor } from "./rig.mjs";
import { Devices, deviceId, SECP256K1 } from "./devices.mjs";
import { Staking } from "./staking.mjs";

const number = (value) => new anchor.BN(String(value));

test("a failed recovery is nobody's signature, even of a key of zeros", () => {
  const d = new Devices(new Network(new World()).ready(4, 1)).ready();
  const publicKey = new Uint8Array(64);
  const k = { type: SECP256K1, publicKey, secret: new Uint8Array(32).fill(1), id: deviceId(SECP256K1, publicKey) };
  refused(d.register(k, { signature: Buffer.alloc(64) }), "BadDeviceSignature");
});

test("a clock before 1970 is no clock", () => {
  const n = new Network(new World()).ready(4, 1);
  const report = n.report(n.tree([1n]));
  for (const time of [0n, -1n]) {
    n.world.setTime(time);
    refused(n.attest(report), "BadClock");
  }
  n.world.setTime(report.periodEnd);
  must(n.attest(report));
});

test("an emission beyond 128 bits is refused and never wraps", async () => {
  const n = new Network(new World()).ready(4, 1);
  n.settle(n.tree([1n]));
  const report = n.report(n.tree([2n]));
  n.world.setTime(report.periodEnd);
  await n.world.tamper("Network", n.network, (v) => { v.emission_base = number(1n << 100n); v.emission_decay = number(1n << 127n); });
  refused(n.attest(report), "Overflow");
});

test("a period beyond 64 bits is refused and never wraps", async () => {
  const n = new Network(new World()).ready(4, 1);
  await n.world.tamper("Ledger", n.ledger, (v) => { v.last_epoch = number(1n << 63n); v.next_final = number((1n << 63n) + 1n); });
  refused(n.attest(n.report(n.tree([1n]), { periodStart: 1n, periodEnd: 2n, unallocated: 0n })), "Overflow");
});

test("shares beyond 128 bits are refused and never wrap", async () => {
  const s = new Staking().ready();
  must(s.deposit(s.provider, 100n));
  await s.world.tamper("Pool", s.pool(), (v) => { v.tokens = number(0); v.shares = number(1n << 124n); v.self_shares = number(1n << 124n); });
  refused(s.deposit(s.provider, 900_000n), "Overflow");
});

test("a position without a free place takes no thaw, whatever it counts", async () => {
  const s = new Staking().ready();
  must(s.deposit(s.provider, 100n));
  await s.world.tamper("Position", s.position(s.provider), (v) => { for (const t of v.thaws) t.ready_at = number(1); });
  refused(s.thaw(s.provider, 10n), "TooManyThaws");
});
