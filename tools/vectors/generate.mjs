// Writes contracts/vectors/*.json: `scripts/vectors`; with --check it compares instead and fails on a difference.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { configVectors, networkVectors, parameterVectors } from './vectors-config.mjs';
import { proofVectors, laneVectors, registrationVectors } from './vectors-devices.mjs';
import { faultVectors, itemVectors, treeVectors } from './vectors-rewards.mjs';
import { epochVectors } from './vectors-epoch.mjs';
import { signInVectors } from './vectors-sign-in.mjs';
import { reportVectors, stateVectors } from './vectors-report.mjs';

const folder = join(dirname(fileURLToPath(import.meta.url)), '../../contracts/vectors');
const check = process.argv.includes('--check');
const files = {
  network: networkVectors, parameters: parameterVectors, config: configVectors, proofs: proofVectors, lanes: laneVectors,
  tree: treeVectors, items: itemVectors, faults: faultVectors, report: reportVectors, state: stateVectors, epoch: epochVectors, 'sign-in': signInVectors, registrations: registrationVectors,
};

mkdirSync(folder, { recursive: true });
const different = [];
for (const [name, make] of Object.entries(files)) {
  const path = join(folder, `${name}.json`);
  const text = `${JSON.stringify(await make(), (_, value) => (typeof value === 'bigint' ? value.toString() : value), 2)}\n`;
  if (!check) writeFileSync(path, text);
  else if (readFileSync(path, 'utf8') !== text) different.push(name);
}
if (different.length > 0) {
  console.error(`contracts/vectors differs from what the tools derive: ${different.join(', ')}. Run: scripts/vectors`);
  process.exit(1);
}
console.log(`${Object.keys(files).length} vector files ${check ? 'agree' : 'written'}`);
