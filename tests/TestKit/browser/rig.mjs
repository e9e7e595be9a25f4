// What the browser tests share: a Chromium of its own, talk with the test that started it, and a wallet that the test answers for.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

const patience = 180_000; // the machine may be busy with other tests
const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

/** Says what is to be done or looked at on standard output, and goes on when a line comes back. */
export const ask = async (what) => {
  console.log(`ask ${what}`);
  await answers.next();
};
export const step = (what) => console.log(`step ${what}`);

/** Runs `use({ page, context, complaints })` in a fresh browser, and ends the process. Complaints are errors of the page and what its content security policy refused. */
export async function inBrowser(height, use) {
  const executablePath = (process.env.PATH ?? '').split(':').flatMap((folder) => ['chromium', 'chromium-browser', 'google-chrome'].map((name) => join(folder, name))).find((path) => existsSync(path));
  if (!executablePath) throw new Error('No chromium in the path. Run: scripts/setup --tests');
  const profile = mkdtempSync(join(tmpdir(), 'depin-browser-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath, headless: true, timeout: patience, viewport: { width: 1180, height }, colorScheme: 'light',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage'],
  });
  context.setDefaultTimeout(patience);
  try {
    const page = context.pages()[0] ?? (await context.newPage());
    const complaints = [];
    page.on('pageerror', (error) => complaints.push(`page error: ${error.message}`));
    page.on('console', (line) => { if (/Content Security Policy|Refused to/i.test(line.text())) complaints.push(line.text()); });
    await use({ page, context, complaints });
  } finally {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  }
  process.exit(0);
}

/** Gives the page a wallet (EIP-1193), from its next load on: `answer({ method, params })` gives `{ result }` or `{ error }`. */
export async function giveWallet(page, answer) {
  await page.exposeFunction('walletRequest', answer);
  await page.addInitScript(() => {
    window.ethereum = {
      request: async (what) => {
        const { result, error } = await window.walletRequest(what);
        if (error) throw Object.assign(new Error(error.message), error);
        return result;
      },
    };
  });
}
