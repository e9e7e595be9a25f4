// Networks as they live, and an attacker between: what the program accepts is what the model allows, and it changes what the model says.
import test from "node:test";
import assert from "node:assert/strict";
import { idl } from "./rig.mjs";
import { Episode, shortest } from "./fuzz/play.mjs";

const seed = Number(process.env.DEPIN_FUZZ_SEED ?? 20_261_122);
const steps = Number(process.env.DEPIN_FUZZ_STEPS ?? 1_200);
const episodes = Number(process.env.DEPIN_FUZZ_EPISODES ?? (process.env.DEPIN_DEEP ? 60 : 4));
/** Where an instruction or a refusal was not met, so many more are played before that is a failure. */
const more = process.env.DEPIN_FUZZ_EPISODES ? 0 : 6;

/** Refusals that no sender can bring about. */
const unreachable = { BadClock: "the cluster's clock stands after 1970; edges.test.mjs sets another" };

/** Plays one episode; where it fails, says how to see it again and what of it is needed. */
function play(its) {
  const e = new Episode(its);
  try {
    e.run(steps);
  } catch (error) {
    if (error.constructor.name !== "Disagreement") throw error;
    const { records, tried } = e.f;
    const short = shortest(its, e.f);
    throw new Error([
      `step ${e.step}, transaction ${tried}: ${error.message}`,
      `again: DEPIN_FUZZ_SEED=${its} DEPIN_FUZZ_EPISODES=1 DEPIN_FUZZ_STEPS=${e.step + 1} node --test contracts/solana/tests/stateful.test.mjs`,
      `of ${records.length} transactions that changed something, these are needed:`, ...short.map(({ tx, now }) => `  ${now} ${tx.label}`),
    ].join("\n"));
  }
  return e;
}

const sum = (counts) => Object.values(counts).reduce((total, n) => total + n, 0);
const into = (all, counts) => {
  for (const [name, n] of Object.entries(counts)) all[name] = (all[name] ?? 0) + n;
};

test(`${episodes} lives of two networks, with an attacker between, are what the model says`, { timeout: 3_600_000 }, (t) => {
  const [accepted, outcomes, attacks, byAttack] = [{}, {}, {}, {}];
  const tried = { honest: 0, attacker: 0 };
  const lacking = () => [
    ...idl.instructions.map((i) => i.name).filter((name) => !accepted[name]), ...idl.errors.map((e) => e.name).filter((name) => !outcomes[name] && !unreachable[name]),
  ];
  let played = 0;
  for (; played < episodes || (lacking().length > 0 && played < episodes + more); played++) {
    const e = play(seed + played);
    for (const who of ["honest", "attacker"]) tried[who] += e.counts[who].tried;
    into(accepted, e.counts.honest.accepted);
    into(attacks, e.counts.attacker.accepted);
    into(byAttack, e.counts.attacker.byMutation);
    into(outcomes, e.f.outcomes);
  }
  if (played > episodes) t.diagnostic(`${played - episodes} lives more than asked for, until everything was met`);
  const share = (all, n) => `${all} of ${n} accepted (${Math.round((100 * all) / n)} %)`;
  const [honest, attacker] = [share(sum(accepted), tried.honest), `${sum(attacks)} instructions of ${tried.attacker} transactions accepted, none but what is anybody's or the sender's own`];
  t.diagnostic(`${tried.honest + tried.attacker} runs in ${played} lives; the honest: ${honest}; the attacker: ${attacker}`);
  t.diagnostic(`accepted of the honest: ${JSON.stringify(accepted)}`);
  t.diagnostic(`accepted of the attacker: ${JSON.stringify(attacks)}, by what was changed: ${JSON.stringify(byAttack)}`);
  t.diagnostic(`outcomes: ${JSON.stringify(outcomes)}`);
  assert.ok(sum(accepted) > tried.honest / 5, "a good part of what the honest do is accepted");
  if (!process.env.DEPIN_FUZZ_EPISODES) assert.deepEqual(lacking(), [], "every instruction is accepted and every refusal met");
  assert.deepEqual(Object.keys(unreachable).filter((name) => outcomes[name]), [], "what nobody can bring about did not come");
});
