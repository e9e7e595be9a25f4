// Looks at the status page of an API host that serves two networks, in a real browser.
//   node status.mjs <url> <name of the second network> <its minted tokens as shown> <its chain> <folder for screenshots>
import { join } from 'node:path';
import { strict as assert } from 'node:assert';
import { inBrowser, step } from '../../TestKit/browser/rig.mjs';

const [, , root, second, minted, chain, shots] = process.argv;

await inBrowser(1400, async ({ page, complaints }) => {
  step('the first network is shown, and there is a choice');
  await page.goto(root);
  await page.locator('#main[aria-busy=false]').waitFor();
  assert.equal(await page.locator('#name').textContent(), 'Fixture');
  const options = page.locator('#network option');
  assert.equal(await options.count(), 2);
  assert.match(await page.locator('#network option:checked').textContent(), /^Fixture on eip155:/);
  assert.ok((await page.locator('#totals').textContent()).includes('Minted0.00')); // 7,350 base units of 18 decimals

  step('the second is its own page, with its token’s decimals');
  await Promise.all([page.waitForURL(/network=/), page.locator('#network').selectOption({ index: 1 })]);
  await page.locator('#main[aria-busy=false]').waitFor();
  assert.equal(await page.locator('#name').textContent(), second);
  assert.equal(await page.locator('#network option:checked').textContent(), `${second} on ${chain}`);
  assert.ok((await page.locator('#totals').textContent()).includes(`Minted${minted}`), await page.locator('#totals').textContent());
  assert.ok((await page.locator('#totals').textContent()).includes('Burned–'));
  assert.ok((await page.locator('#chain').textContent()).startsWith(chain));
  await page.screenshot({ path: join(shots, 'status-solana.png') });
  assert.deepEqual(complaints, []);
  step('done');
});
