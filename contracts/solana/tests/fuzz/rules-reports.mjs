// Rules of the model: reports, their signatures, challenges and what becomes final.
import { toHex } from "viem";
import { emission } from "../rig.mjs";
import { need, later, place, hashOf, TOLERANCE, ZERO } from "./basics.mjs";

const [PENDING, CHALLENGED, FINAL] = [1, 2, 3];
const TAG = Buffer.from("\x19DePIN report v1", "latin1");

/** The slot of an epoch among the sixteen that are kept. */
export const slot = (epoch) => Number(epoch % 16n);
export const periodEnd = (n, epoch) => n.genesis + epoch * n.epoch_length;
const budget = (n, epoch) => emission({ emission_base: n.emission_base, emission_decay: n.emission_decay }, epoch);

/** The fields of a report's 348 bytes that decide. */
export function reportOf(hex) {
  const data = Buffer.from(hex.slice(2), "hex");
  const [key, number] = [(at) => toHex(data.subarray(at, at + 32)), (at) => data.readBigUInt64BE(at)];
  const wide = (at) => (number(at) << 64n) | number(at + 8);
  need(data.subarray(0, 16).equals(TAG), "no report");
  return {
    digest: hashOf(hex), config: key(16), generation: number(48), epoch: number(56), start: number(64), end: number(72), parent: key(120), root: key(216),
    leaves: data.readUInt32BE(280), total: wide(284), unallocated: wide(300),
  };
}

export function openReport(ledger, epoch) {
  need(epoch >= ledger.next_final && epoch <= ledger.last_epoch, "no open report of that epoch");
  return ledger.reports[slot(epoch)];
}

export function cancelReport(c, epoch) {
  openReport(c.ledger, epoch).cancellations++;
  c.ledger.last_epoch = epoch - 1n;
  c.ledger.generation++;
  c.ledger.last_cancelled_at = c.now;
}

export const reports = {
  /** Everything of a report but its signatures. */
  fits({ ledger, now }, n, r, config) {
    const epoch = ledger.last_epoch + 1n;
    need(r.epoch === epoch && r.generation === ledger.generation, "not the next one");
    need(epoch - ledger.next_final < 15n, "too many are open");
    need(r.start === periodEnd(n, epoch - 1n) && r.end === periodEnd(n, epoch) && now >= r.end, "period");
    const parent = ledger.reports[slot(epoch - 1n)];
    need(r.parent === parent.digest && r.total >= parent.cumulative_total && r.total - parent.cumulative_total + r.unallocated === budget(n, epoch), "parent and budget");
    need(r.leaves >= parent.leaf_count && r.leaves <= ledger.payout_count && (r.leaves !== 0 || r.total === 0n) && (r.root === ZERO) === (r.leaves === 0), "leaves");
    need(config.count === ledger.schedule.findLast((s) => s.first_epoch <= epoch)?.count && r.config === config.digest, "config");
  },

  /** Whose bits are set; every signature is that very member's. */
  members(config, digest, bitmap, signatures) {
    const who = config.members.map((_, i) => i).filter((i) => (bitmap >>> i) & 1);
    need(bitmap >>> config.n === 0 && who.length === signatures.length, "as many signatures as signers");
    need(who.every((i, at) => this.signer(digest, signatures[at])?.address === config.members[i].report_key), "a signature is another's");
    return who.length;
  },

  accepted({ ledger, now }, n, r) {
    const before = ledger.reports[slot(r.epoch)];
    ledger.reports[slot(r.epoch)] = {
      epoch: r.epoch, digest: r.digest, rewards_root: r.root, cumulative_total: r.total, leaf_count: r.leaves, claimable_at: later(now, later(n.challenge_window, TOLERANCE)), status: PENDING,
      cancellations: before.epoch === r.epoch ? before.cancellations : 0,
    };
    ledger.last_epoch = r.epoch;
    ledger.last_accepted_at = now;
  },

  attest(c, n) {
    const config = this.get(c.a.config, "Config", c.key);
    const r = reportOf(c.args.report);
    this.fits(c, n, r, config);
    need(this.members(config, r.digest, c.args.bitmap, c.args.signatures) === config.q, "quorum");
    this.accepted(c, n, r);
  },

  open_signatures({ a, args, key }) {
    const { digest } = reportOf(args.report);
    this.make(a.signatures, place("signatures", key, digest, a.payer), "Signatures", { network: key, payer: a.payer, digest, bitmap: 0, report: args.report });
  },

  add_signatures({ a, args, key }) {
    const [config, gathered] = [this.get(a.config, "Config", key), this.get(a.signatures, "Signatures", key)];
    need(reportOf(gathered.report).config === config.digest && (gathered.bitmap & args.bitmap) === 0, "config, or signed before");
    this.members(config, gathered.digest, args.bitmap, args.signatures);
    gathered.bitmap = (gathered.bitmap | args.bitmap) >>> 0;
  },

  attest_signed(c, n) {
    const [config, gathered] = [this.get(c.a.config, "Config", c.key), this.get(c.a.signatures, "Signatures", c.key)];
    need(c.a.payer === gathered.payer, "rent goes to who paid it");
    const r = reportOf(gathered.report);
    this.fits(c, n, r, config);
    need(config.members.filter((_, i) => (gathered.bitmap >>> i) & 1).length === config.q, "quorum");
    this.close(c, c.a.signatures, gathered.payer);
    this.accepted(c, n, r);
  },

  close_signatures(c) {
    need(this.get(c.a.signatures, "Signatures", c.key).payer === c.a.payer, "another's");
    this.close(c, c.a.signatures, c.a.payer);
  },

  /** Closes an account whose rent goes to `to`. */
  close(c, address, to) {
    this.accounts.delete(address);
    c.closed.push({ address, to });
  },

  challenge(c, n) {
    const { a, args } = c;
    const report = openReport(c.ledger, args.epoch);
    need(report.status !== CHALLENGED && c.now < report.claimable_at, "challenged, or too late");
    report.claimable_at = later(report.claimable_at, n.challenge_extension);
    report.status = CHALLENGED;
    this.make(a.challenge, place("challenge", c.key, report.digest), "Challenge", { network: c.key, challenger: a.challenger, digest: report.digest, epoch: args.epoch });
    this.move(a.source, n.bonds, a.challenger, n.challenge_bond);
  },

  cancel(c, n) {
    need(c.a.arbiter === n.arbiter, "not the arbiter");
    openReport(c.ledger, c.args.epoch);
    cancelReport(c, c.args.epoch);
  },

  reclaim_bond(c, n) {
    const { a } = c;
    const challenge = this.get(a.challenge, "Challenge", c.key);
    need(a.challenger === challenge.challenger, "another's");
    this.recipient(n, a.to, challenge.challenger);
    const stands = challenge.epoch <= c.ledger.last_epoch && c.ledger.reports[slot(challenge.epoch)].digest === challenge.digest;
    need(!stands, "the report stands");
    this.close(c, a.challenge, a.challenger);
    this.pay(c, n.bonds, a.to, n.challenge_bond);
  },

  finalize(c, n) {
    const { ledger, distributor, args: { epoch } } = c;
    need(epoch === ledger.next_final, "not in order");
    const report = openReport(ledger, epoch);
    need(c.now >= report.claimable_at, "the window is open");
    if (report.status === CHALLENGED) {
      const challenge = this.get(c.rest[0], "Challenge", c.key);
      need(challenge.digest === report.digest && challenge.challenger === c.rest[1], "another's challenge");
      this.close(c, c.rest[0], c.rest[1]);
      this.burn(c, n.challenge_bond);
    }
    report.status = FINAL;
    ledger.next_final = epoch + 1n;
    const rewards = report.cumulative_total - ledger.reports[slot(epoch - 1n)].cumulative_total;
    this.tokens.get(n.vault).amount += rewards;
    this.mints.get(n.mint).supply += rewards;
    c.books.minted += rewards;
    c.books.budget += budget(n, epoch);
    if (report.leaf_count > 0) {
      distributor.previous = distributor.current;
      distributor.current = { root: report.rewards_root, epoch, leaf_count: report.leaf_count, cumulative_total: report.cumulative_total };
    }
  },

  prove_equivocation(c, n) {
    const { a, args } = c;
    const [config, operator] = [this.get(a.config, "Config", c.key), this.get(a.operator, "Operator", c.key)];
    const first = reportOf(args.report);
    const second = hashOf(args.report.slice(0, 130), args.other_rest);
    need(first.digest !== second && first.config === config.digest, "not two of one config");
    const signers = [this.signer(first.digest, args.signature), this.signer(second, args.other_signature)];
    need(signers.every((s) => s?.address === operator.report_key), "not both its signatures");
    need(config.members.some((m) => m.report_key === operator.report_key) && !operator.slashed, "no member, or slashed before");
    const reward = (operator.bond * BigInt(n.reporter_bps)) / 10_000n;
    this.pay(c, n.bonds, a.to, reward);
    this.burn(c, operator.bond - reward);
    operator.slashed = true;
    operator.bond = 0n;
  },
};
