import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { AxeBuilder } from '@axe-core/playwright';
import { paymentSignatureHeader } from '@freehold/protocol';
import type { Browser, Page } from 'playwright-core';
import { createWalletClient, http, parseAbi } from 'viem';
import { anvil } from 'viem/chains';
import { arithmetic } from '../packages/node/src/testing/modules.ts';
import { paymentFor, termsOf } from '../packages/node/src/testing/pay.ts';
import { sell, startTestNode, type Person, type TestNode } from '../packages/node/src/testing/test-node.ts';
import { verifies } from '../requirements/verifies.ts';
import { launchBrowser } from './harness/browser.ts';
import { root } from './harness/node-process.ts';

const pictures = join(root, 'test-results', 'earnings');
const launched = await launchBrowser();
const skip = 'missing' in launched ? launched.missing : false;
let browser: Browser;
let node: TestNode;
let owner: Person;

before(async () => {
  if ('missing' in launched) return;
  mkdirSync(pictures, { recursive: true });
  browser = launched.browser;
  node = await startTestNode();
  owner = await node.signIn();
});
after(async () => {
  await browser?.close();
  await node?.end();
});

const token = () => node.info.token ?? assert.fail();
type Payer = Awaited<ReturnType<TestNode['payer']>>;
const buy = async (url: string, payer: Payer) =>
  fetch(url, { headers: { [paymentSignatureHeader]: await paymentFor(payer, await termsOf(url), token()) } });

async function openDesktop({ dark = false, width = 1280, height = 860 } = {}): Promise<Page> {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: dark ? 'dark' : 'light', reducedMotion: 'reduce' });
  await context.addCookies([{ name: 'freehold_session', value: owner.token, url: node.url }]);
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  await page.goto(node.url);
  await page.getByRole('button', { name: 'Launcher' }).click();
  await page.getByRole('menuitem', { name: 'Earnings' }).click();
  await page.getByRole('dialog', { name: 'Earnings' }).waitFor();
  return page;
}

async function isAccessible(page: Page, what: string) {
  const { violations } = await new AxeBuilder({ page }).analyze();
  assert.deepEqual(
    violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`.slice(0, 300)),
    [],
    what,
  );
}

test('the window of earnings teaches, shows what was earned as it comes, and tells what failed', { skip }, async () => {
  verifies('payments.earnings.window', 'payments.earnings.alert');
  const page = await openDesktop();
  await page.getByText('Nothing earned yet').waitFor();
  await page.screenshot({ path: join(pictures, '1-empty.png') });
  await isAccessible(page, 'the empty window');

  const adder = await sell(node, owner, { program: arithmetic, name: 'adder', amount: '250000' });
  const scaler = await sell(node, owner, { program: arithmetic, name: 'scaler', amount: '1500' });
  const [regular, second] = [await node.payer(), await node.payer()];
  for (const query of ['a=1&b=1', 'a=1&b=2', 'a=1&b=3']) assert.equal((await buy(`${adder.url}/add?${query}`, regular)).status, 200);
  assert.equal((await buy(`${scaler.url}/add?a=2&b=2`, second)).status, 200);
  assert.equal((await buy(`${scaler.url}/fail`, second)).status, 502);
  await page.getByRole('group', { name: 'Earned in all' }).getByText('0.7515 USDC').waitFor();
  await page.getByRole('row', { name: /adder 3 0\.75 USDC/ }).waitFor();

  const poor = await node.payer();
  const calling = buy(`${scaler.url}/spin?n=600000000`, poor);
  const wallet = createWalletClient({ account: poor, chain: anvil, transport: http(node.info.rpcUrl ?? '') });
  const abi = parseAbi(['function transfer(address to, uint256 value)']);
  await wallet.writeContract({
    address: token().asset,
    abi,
    functionName: 'transfer',
    args: [owner.address, await node.balanceOf(poor.address)],
  });
  assert.equal((await calling).status, 402);
  await page.getByText(/A payment of 0\.0015 USDC from 0x.* failed: the wallet no longer held the price\./).waitFor();
  await page.getByRole('region', { name: 'Payments that failed' }).waitFor();
  await page.screenshot({ path: join(pictures, '2-earned.png') });
  await isAccessible(page, 'the full window');

  const downloading = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Download CSV' }).click();
  const file = await (await downloading).path();
  assert.equal(readFileSync(file, 'utf8').trimEnd().split('\r\n').length, 7);
  await page.context().close();
});

test('on a phone and in the dark it is readable', { skip }, async () => {
  verifies('payments.earnings.window');
  const page = await openDesktop({ dark: true, width: 390, height: 844 });
  await page.getByRole('group', { name: 'Earned in all' }).waitFor();
  await page.getByRole('combobox', { name: 'Period' }).selectOption('7');
  await page.screenshot({ path: join(pictures, '3-phone-dark.png') });
  await isAccessible(page, 'the phone');
  await page.context().close();
});
