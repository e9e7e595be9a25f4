// Uses the dashboard of a job host as an operator does, in a real browser whose wallet is viem. Says what it needs done on standard output and goes on when a line comes back.
//   node dashboard.mjs <url> <private key> <folder for screenshots>
import { join } from 'node:path';
import { strict as assert } from 'node:assert';
import { privateKeyToAccount } from 'viem/accounts';
import { ask, giveWallet, inBrowser, step } from '../../TestKit/browser/rig.mjs';

const [, , url, key, shots] = process.argv;
const account = privateKeyToAccount(key);
const stranger = privateKeyToAccount(`0x${'11'.repeat(32)}`);

await inBrowser(860, async ({ page, context, complaints }) => {
  step('without a wallet the page says so');
  await page.goto(url);
  await page.locator('#no-wallet').waitFor();
  assert.ok(await page.locator('#sign-in').isDisabled());
  assert.ok(await page.locator('#signed-in').isHidden());

  step('who is no operator is told so');
  let signer = stranger;
  let deny = false;
  const asked = [];
  await giveWallet(page, async ({ method, params }) => {
    asked.push(method);
    if (deny) return { error: { code: 4001, message: 'User rejected the request.' } };
    if (method === 'eth_requestAccounts') return { result: [signer.address.toLowerCase()] }; // as many wallets give it
    if (method === 'personal_sign' && params[1].toLowerCase() === signer.address.toLowerCase()) return { result: await signer.signMessage({ message: { raw: params[0] } }) };
    return { error: { code: -32601, message: `no ${method} here` } };
  });
  await page.reload();
  await page.getByRole('button', { name: 'Sign in with your wallet' }).click();
  await page.getByRole('alert').filter({ hasText: 'neither the account of an operator' }).waitFor();

  step('a person may say no to the wallet');
  deny = true;
  await page.getByRole('button', { name: 'Sign in with your wallet' }).click();
  await page.getByRole('alert').filter({ hasText: 'told not to sign' }).waitFor();
  deny = false;

  step('an operator signs in and sees the jobs');
  signer = account;
  asked.length = 0;
  await page.getByRole('button', { name: 'Sign in with your wallet' }).click();
  const row = (job) => page.locator('#jobs tbody tr').filter({ has: page.locator('.name', { hasText: new RegExp(`^${job}$`) }) });
  await row('prune').waitFor();
  assert.deepEqual(asked, ['eth_requestAccounts', 'personal_sign']);
  assert.deepEqual((await page.locator('#jobs tbody .name').allTextContents()).sort(), ['alarms', 'prune', 'reconcile', 'roll-up']);
  assert.equal(await page.locator('#address').getAttribute('title'), account.address);
  assert.equal(await page.evaluate(() => document.cookie), '', 'no script reads the cookie');
  await page.reload();
  await row('prune').waitFor(); // the session outlives the page

  step('a job that is asked for runs and stands in the history');
  await row('prune').getByRole('button', { name: 'Run now' }).click();
  await page.getByRole('tab', { name: 'History' }).click();
  await page.getByLabel('Job:').selectOption('prune');
  await page.locator('#history tbody tr').filter({ hasText: `asked by ${account.address.toLowerCase().slice(0, 8)}` }).filter({ hasText: 'succeeded' }).waitFor();
  assert.ok((await page.locator('#history tbody .name').allTextContents()).every((name) => name === 'prune'));
  await page.getByLabel('Outcome:').selectOption('lost');
  await page.locator('#history tbody').getByText('No run like that').waitFor();

  step('a failing job is shown with its error and its attempts');
  await page.getByRole('tab', { name: /^Failed/ }).click();
  const failed = page.locator('#failed article').filter({ hasText: 'roll-up' }).filter({ hasText: 'attempt 4' });
  await failed.waitFor();
  assert.equal(await page.locator('#failed article').filter({ hasText: 'roll-up' }).filter({ hasText: 'The next attempt follows by itself.' }).count(), 3);
  await failed.locator('summary').filter({ hasText: 'epoch_classes' }).click();
  assert.match(await failed.locator('pre').textContent(), /PostgresException[\s\S]*RollUpAsync/);

  step('what an error says is text, whatever it looks like');
  const hostile = page.locator('#failed article').filter({ hasText: 'hostile' });
  assert.match(await hostile.textContent(), /<script>window\.pwned = 1<\/script><img src=x onerror="window\.pwned = 2">/);
  assert.equal(await hostile.locator('script, img, b').count(), 0);
  assert.equal(await page.evaluate(() => window.pwned), undefined);
  await page.waitForTimeout(2500); // one refresh: an opened error stays open
  assert.ok(await failed.locator('pre').isVisible());

  step('and is run again once it is mended');
  await ask('mend');
  await failed.getByRole('button', { name: /Run again/ }).click();
  await failed.getByText(/Run again as run \d+/).waitFor();
  await page.getByRole('tab', { name: 'History' }).click();
  await page.getByLabel('Outcome:').selectOption('');
  await page.getByLabel('Job:').selectOption('roll-up');
  await page.locator('#history tbody tr').filter({ hasText: /retries run \d+/ }).filter({ hasText: 'succeeded' }).waitFor();
  await page.screenshot({ path: join(shots, 'history.png') });

  step('a job is paused and goes on');
  await page.getByRole('tab', { name: 'Recurring' }).click();
  await row('alarms').getByRole('button', { name: 'Pause' }).click();
  await row('alarms').getByText('paused').waitFor();
  await row('alarms').getByText(`by ${account.address.toLowerCase().slice(0, 8)}`).waitFor();
  await ask('paused alarms');
  await page.screenshot({ path: join(shots, 'recurring.png') });
  await row('alarms').getByRole('button', { name: 'Resume' }).click();
  await row('alarms').getByRole('button', { name: 'Pause' }).waitFor();
  await ask('resumed alarms');
  await page.getByRole('button', { name: 'Pause all' }).click();
  await page.waitForFunction(() => document.querySelectorAll('#jobs [data-order="resume"]').length === 4);
  await page.getByRole('button', { name: 'Resume all' }).click();
  await page.waitForFunction(() => document.querySelectorAll('#jobs [data-order="pause"]').length === 4);

  step('hosts and misfires have their pages, by keyboard too');
  await page.getByRole('tab', { name: 'Recurring' }).focus();
  await page.keyboard.press('ArrowLeft');
  await page.locator('#nodes tbody tr').filter({ hasText: 'alive' }).filter({ hasText: 'answers this page' }).waitFor();
  await page.keyboard.press('ArrowLeft');
  await page.locator('#misfires tbody tr').first().waitFor();

  step('each control has a name, and nothing is cut off on a small screen');
  for (const name of ['Recurring', /^Running/, /^Failed/, 'History', /^Misfires/, 'Hosts']) {
    await page.getByRole('tab', { name }).click();
    await page.setViewportSize({ width: 360, height: 740 });
    await page.waitForTimeout(300);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(wide <= 360, `${name} is ${wide} px wide on a screen of 360`);
    const nameless = await page.evaluate(() => [...document.querySelectorAll('button, select, a, summary')].filter((n) => n.checkVisibility() && !(n.textContent.trim() || n.getAttribute('aria-label'))).map((n) => n.outerHTML));
    assert.deepEqual(nameless, []);
  }
  await page.getByRole('tab', { name: 'Recurring' }).click();
  await page.screenshot({ path: join(shots, 'narrow.png') });
  await page.setViewportSize({ width: 1180, height: 860 });
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.getByRole('tab', { name: /^Failed/ }).click();
  await failed.waitFor();
  await page.screenshot({ path: join(shots, 'failed-dark.png') });
  await page.emulateMedia({ colorScheme: 'light' });

  step('signing out ends it');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('button', { name: 'Sign in with your wallet' }).waitFor();
  assert.equal(await page.locator('#jobs tbody tr').count(), 0, 'what was shown is gone');
  assert.equal(await page.evaluate(async () => (await fetch('v1/jobs')).status), 401);
  assert.equal((await context.cookies()).length, 0);
  await page.screenshot({ path: join(shots, 'signed-out.png') });
  assert.deepEqual(complaints, []);
  step('done');
});
