// Uses the operator page of an API host as an operator does, in a real browser whose wallet is viem over a real node. Says what is to be looked at on standard output and goes on when a line comes back.
//   node operator.mjs <url> <rpc> <private key> <report key in the set> <report key in no set> <folder for screenshots>
import { join } from 'node:path';
import { strict as assert } from 'node:assert';
import { createWalletClient, defineChain, http } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { ask, giveWallet, inBrowser, step } from '../../TestKit/browser/rig.mjs';

const [, , root, rpc, key, member, spare, shots] = process.argv;
const url = new URL('operator/', root).toString();
const account = privateKeyToAccount(key);
const stranger = privateKeyToAccount(`0x${'11'.repeat(32)}`);
const chain = defineChain({ id: 31337, name: 'test', nativeCurrency: { name: 'coin', symbol: 'C', decimals: 18 }, rpcUrls: { default: { http: [rpc] } } });
const client = createWalletClient({ account, chain, transport: http(rpc) });
const node = async (method, params) => {
  const response = await fetch(rpc, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }) });
  return response.json();
};

await inBrowser(1000, async ({ page, context, complaints }) => {
  step('without a wallet the page says so');
  await page.goto(url);
  await page.locator('#no-wallet').waitFor();
  assert.ok(await page.locator('#sign-in').isDisabled());
  assert.ok(await page.locator('#signed-in').isHidden());

  step('who has registered no operator is told so');
  let signer = stranger;
  let deny = false;
  let chainId = '0x1';
  const sent = [];
  await giveWallet(page, async ({ method, params }) => {
    if (method === 'eth_chainId') return { result: chainId };
    if (method === 'wallet_switchEthereumChain') { chainId = params[0].chainId; return { result: null }; }
    if (method.startsWith('eth_get')) return node(method, params);
    if (deny) return { error: { code: 4001, message: 'User rejected the request.' } };
    if (method === 'eth_requestAccounts') return { result: [signer.address.toLowerCase()] }; // as many wallets give it
    if (method === 'personal_sign' && params[1].toLowerCase() === signer.address.toLowerCase()) return { result: await signer.signMessage({ message: { raw: params[0] } }) };
    if (method === 'eth_sendTransaction') {
      assert.equal(params[0].from.toLowerCase(), account.address.toLowerCase());
      assert.equal(BigInt(params[0].value), 0n);
      sent.push(params[0]);
      return { result: await client.sendTransaction({ to: params[0].to, data: params[0].data }) };
    }
    return { error: { code: -32601, message: `no ${method} here` } };
  });
  await page.reload();
  const signIn = page.getByRole('button', { name: 'Sign in with your wallet' });
  await signIn.click();
  await page.getByRole('alert').filter({ hasText: 'has registered no operator' }).waitFor();

  step('an operator signs in and sees how each of its operators stands');
  signer = account;
  await signIn.click();
  const article = (reportKey) => page.locator('article').filter({ has: page.locator('.head code', { hasText: new RegExp(`^${reportKey}$`, 'i') }) });
  const mine = article(member);
  const other = article(spare);
  await mine.waitFor();
  await other.waitFor();
  assert.equal(await page.locator('article').count(), 2);
  await mine.locator('.stage').filter({ hasText: 'Standing' }).filter({ hasText: 'since epoch 1' }).waitFor();
  await mine.locator('.stage').filter({ hasText: 'Signed' }).filter({ hasText: '4 of 5' }).waitFor();
  await other.locator('.stage').filter({ hasText: 'waits for a set' }).waitFor();
  await mine.getByText('Its process answers').waitFor();
  await other.getByText('Its process does not answer').waitFor();
  await other.getByText('more: docs/alerts.md#operatordown').waitFor();
  assert.equal(await page.evaluate(() => document.cookie), '', 'no script reads the cookie');
  await mine.locator('.stage').filter({ hasText: 'your wallet knows' }).waitFor(); // which is on another chain

  step('its wallet says what only a node knows');
  chainId = '0x7a69';
  await page.reload(); // the session outlives the page
  await mine.locator('.stage').filter({ hasText: 'Coins for gas' }).filter({ hasText: 'more reports at the recent price' }).waitFor();
  const rows = mine.locator('table.reports tbody tr');
  assert.deepEqual(await rows.locator('td:first-child').allTextContents(), ['5', '4', '3', '2', '1']);
  assert.deepEqual(await rows.locator('td:nth-child(3)').allTextContents(), ['signed', 'signed', 'signed', 'not among the signers', 'signed']);
  assert.deepEqual((await rows.locator('td:nth-child(4)').allTextContents()).map((text) => text === 'you'), [true, false, true, false, true]);
  assert.deepEqual(await rows.locator('td:nth-child(2)').allTextContents(), ['pending', 'pending', 'final', 'final', 'final']);
  assert.match(await rows.first().locator('td:nth-child(5)').textContent(), /0\.\d+.* gas/);

  step('what is not possible says why');
  await mine.locator('.action').filter({ hasText: 'Leave and ask for the bond' }).getByText('The newest set holds this operator').waitFor();
  assert.equal(await mine.getByRole('button', { name: 'Leave and ask for the bond' }).count(), 0);

  step('a person may say no to the wallet, and an amount that is none is not sent');
  const amount = mine.getByLabel('Tokens to add');
  const add = mine.getByRole('button', { name: 'Add to the bond' });
  await amount.fill('-1');
  await add.click();
  await page.getByRole('alert').filter({ hasText: 'An amount is a number above 0' }).waitFor();
  deny = true;
  await amount.fill('12.5');
  await add.click();
  await page.getByRole('alert').filter({ hasText: 'told not to send it' }).waitFor();
  assert.equal(sent.length, 0);
  deny = false;

  step('the bond grows: two transactions, one after the other, and the page shows it');
  const before = await mine.locator('.stage').filter({ hasText: 'Bond' }).locator('b').textContent();
  await add.click();
  await page.getByRole('status').filter({ hasText: 'done' }).waitFor();
  const grown = (Number(before.replaceAll(',', '')) + 12.5).toLocaleString('en', { minimumFractionDigits: 2 });
  await mine.locator('.stage').filter({ hasText: 'Bond' }).locator('b').filter({ hasText: grown }).waitFor();
  assert.equal(sent.length, 2);
  await ask('bond');

  step('the end point changes');
  const endpoint = (await mine.locator('dd code').first().textContent()).replace('127.0.0.1', 'localhost');
  await mine.getByLabel('New end point').fill(endpoint);
  await mine.getByRole('button', { name: 'Change the end point' }).click();
  await mine.locator('dd code').filter({ hasText: endpoint }).waitFor();
  await mine.getByText('Its process answers').waitFor();
  await ask('endpoint');
  await page.evaluate(() => { document.activeElement.blur(); scrollTo(0, 0); });
  await page.screenshot({ path: join(shots, 'operator.png') });

  step('one in no set leaves, and sees its bond thaw');
  await other.getByRole('button', { name: 'Leave and ask for the bond' }).click();
  await other.locator('.stage').filter({ hasText: 'bond thaws' }).waitFor();
  await other.locator('.action').filter({ hasText: 'Withdraw the bond' }).getByText('It thaws until').waitFor();
  await ask('exit');

  step('each control has a name, and nothing is cut off on a small screen');
  await page.setViewportSize({ width: 360, height: 780 });
  await page.waitForTimeout(300);
  const wide = await page.evaluate(() => [...document.querySelectorAll('body *')].filter((n) => !n.closest('.scroll') && n.getBoundingClientRect().right > 360).map((n) => n.outerHTML.slice(0, 120)));
  assert.deepEqual(wide, [], 'wider than a screen of 360');
  const nameless = await page.evaluate(() => [...document.querySelectorAll('button, input, a')].filter((n) => n.checkVisibility() && !(n.textContent.trim() || n.getAttribute('aria-label'))).map((n) => n.outerHTML));
  assert.deepEqual(nameless, []);
  await page.screenshot({ path: join(shots, 'narrow.png'), fullPage: true });
  await page.setViewportSize({ width: 1180, height: 1000 });
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.screenshot({ path: join(shots, 'dark.png'), fullPage: true });
  await page.emulateMedia({ colorScheme: 'light' });

  step('what is typed outlives a refresh');
  await mine.getByLabel('New end point').fill('https://half.typed');
  const fresh = await page.locator('#fresh').textContent();
  await page.waitForFunction((was) => document.getElementById('fresh').textContent !== was, fresh);
  assert.equal(await mine.getByLabel('New end point').inputValue(), 'https://half.typed');

  step('signing out ends it');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await signIn.waitFor();
  assert.equal(await page.locator('article').count(), 0, 'what was shown is gone');
  assert.equal(await page.evaluate(async () => (await fetch('../v1/operator')).status), 401);
  assert.equal((await context.cookies()).length, 0);
  await page.screenshot({ path: join(shots, 'signed-out.png') });
  assert.deepEqual(complaints, []);
  step('done');
});
