import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, Page } from 'playwright-core';
import type { PrivateKeyAccount } from 'viem/accounts';
import { arithmetic, printing } from '../packages/node/src/testing/modules.ts';
import { sell, startTestNode, type TestNode } from '../packages/node/src/testing/test-node.ts';
import { verifies } from '../requirements/verifies.ts';
import { launchBrowser } from './harness/browser.ts';
import { root } from './harness/node-process.ts';

const pictures = join(root, 'test-results', 'payment-page');
const launched = await launchBrowser();
const skip = 'missing' in launched ? launched.missing : false;
let browser: Browser;
let node: TestNode;
let url: string;

before(async () => {
  if ('missing' in launched) return;
  mkdirSync(pictures, { recursive: true });
  browser = launched.browser;
  node = await startTestNode();
  const seller = await node.signIn();
  ({ url } = await sell(node, seller, {
    program: arithmetic,
    name: 'adder',
    title: 'Adder',
    description: 'Adds <b>two</b> numbers & says the sum.',
  }));
  await sell(node, seller, { program: printing('Content-Type: text/html\n\n<script>document.title="owned"</script>'), name: 'hostile' });
});
after(async () => {
  await browser?.close();
  await node?.end();
});

/** A page of a browser with a wallet, as EIP-6963 has it; `complaints` are what its policy refused, and errors. */
async function openPage({
  wallet,
  dark = false,
  width = 1100,
  chainId = '0x7a69',
}: {
  wallet?: PrivateKeyAccount;
  dark?: boolean;
  width?: number;
  chainId?: string;
}) {
  const context = await browser.newContext({
    viewport: { width, height: 820 },
    colorScheme: dark ? 'dark' : 'light',
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const complaints: string[] = [];
  const foreign: string[] = [];
  const signed: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (/Content Security Policy|Refused to/.test(message.text())) complaints.push(message.text());
  });
  page.on('request', (request) => {
    if (!/^(data|blob):/.test(request.url()) && new URL(request.url()).host !== new URL(node.url).host) foreign.push(request.url());
  });
  if (wallet) {
    await page.exposeFunction('signForTest', (json: string) => {
      signed.push(json);
      return wallet.signTypedData(JSON.parse(json));
    });
    await page.addInitScript(
      ({ address, chain }) => {
        const refusal = Object.assign(new Error('User rejected the request.'), { code: 4001 });
        const answers: Record<string, (params: string[]) => unknown> = {
          eth_chainId: () => chain,
          eth_requestAccounts: () => [address],
          wallet_switchEthereumChain: () => {
            throw Object.assign(new Error('Unrecognized chain'), { code: 4902 });
          },
          eth_signTypedData_v4: ([, json = '']) => {
            if ('refuses' in window) throw refusal;
            return (window as unknown as { signForTest(json: string): Promise<string> }).signForTest(json);
          },
        };
        const provider = { request: async ({ method, params = [] }: { method: string; params?: string[] }) => answers[method]?.(params) };
        const announce = () =>
          window.dispatchEvent(
            new CustomEvent('eip6963:announceProvider', { detail: Object.freeze({ info: { name: 'Test Wallet' }, provider }) }),
          );
        window.addEventListener('eip6963:requestProvider', announce);
      },
      { address: wallet.address, chain: chainId },
    );
  }
  return { page, complaints, foreign, signed, close: () => context.close() };
}

async function isAccessible(page: Page, what: string) {
  const { violations } = await new AxeBuilder({ page }).analyze();
  assert.deepEqual(
    violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`.slice(0, 300)),
    [],
    what,
  );
}
const hasNoSideways = (page: Page) => page.evaluate(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth);

test(
  'a person who opens a priced function sees what it is and costs, pays with a wallet, and sees answer and receipt',
  { skip },
  async () => {
    verifies('payments.wire.page');
    const payer = await node.payer();
    const had = await node.balanceOf(payer.address);
    const { page, complaints, foreign, signed, close } = await openPage({ wallet: payer });
    const response = await page.goto(`${node.url}/adder.cgi/add?a=2&b=40`);
    assert.equal(response?.status(), 402);
    assert.match(
      response?.headers()['content-security-policy'] ?? '',
      /^default-src 'none'; script-src 'sha256-[^']+'; style-src 'sha256-[^']+';/,
    );
    await page.getByRole('heading', { name: 'adder' }).waitFor();
    assert.equal(await page.getByText('Adds <b>two</b> numbers & says the sum.').count(), 1);
    assert.equal(await page.getByText('0.001 USDC').first().isVisible(), true);
    await page.screenshot({ path: join(pictures, '1-offer.png') });
    await isAccessible(page, 'the offer');
    await page.getByRole('button', { name: 'Pay with Test Wallet' }).click();
    await page.getByText('Paid. This is the answer.').waitFor();
    assert.equal(await page.locator('#result pre').textContent(), '42\n');
    assert.equal(had - (await node.balanceOf(payer.address)), 1000n);
    assert.match((await page.locator('dl').textContent()) ?? '', /Transaction0x[0-9a-f]{64}/);
    const { primaryType, domain } = JSON.parse(signed[0] ?? '{}');
    assert.deepEqual([primaryType, domain.name, domain.chainId], ['TransferWithAuthorization', 'USD Coin', 31337]);
    await page.screenshot({ path: join(pictures, '2-paid.png'), fullPage: true });
    await isAccessible(page, 'the answer');
    assert.deepEqual([complaints, foreign], [[], []]);
    await close();
  },
);

test('on a phone, in the dark, and without a wallet it can be read and says what to do', { skip }, async () => {
  verifies('payments.wire.page');
  const { page, complaints, close } = await openPage({ dark: true, width: 360 });
  await page.goto(`${node.url}/adder.cgi/add?a=1&b=1`);
  await page.getByText('No wallet was found in this browser.').waitFor();
  await page.screenshot({ path: join(pictures, '3-phone-dark.png'), fullPage: true });
  assert.equal(await hasNoSideways(page), true);
  await isAccessible(page, 'the phone');
  assert.deepEqual(complaints, []);
  await close();
});

test('a wallet that refuses, or does not know the network, costs nothing, and the person is told', { skip }, async () => {
  verifies('payments.wire.page');
  const payer = await node.payer();
  const had = await node.balanceOf(payer.address);
  const first = await openPage({ wallet: payer });
  await first.page.goto(`${node.url}/adder.cgi/add?a=1&b=1`);
  await first.page.evaluate(() => Object.assign(window, { refuses: true }));
  await first.page.getByRole('button', { name: 'Pay with Test Wallet' }).click();
  await first.page.getByText('Nothing was signed and nothing was paid.').waitFor();
  await first.close();
  const second = await openPage({ wallet: payer, chainId: '0x1' });
  await second.page.goto(`${node.url}/adder.cgi/add?a=1&b=1`);
  await second.page.getByRole('button', { name: 'Pay with Test Wallet' }).click();
  await second.page.getByText('Your wallet does not know the local test chain (chain 31337).').waitFor();
  assert.deepEqual(second.signed, []);
  await second.close();
  assert.equal(await node.balanceOf(payer.address), had);
});

test('what a function answers is shown as text and runs nothing; a connection that breaks is no second payment', { skip }, async () => {
  verifies('payments.wire.page');
  const payer = await node.payer();
  const had = await node.balanceOf(payer.address);
  const { page, signed, complaints, close } = await openPage({ wallet: payer });
  await page.goto(`${node.url}/hostile.cgi`);
  let isBroken = true;
  await page.route('**/hostile.cgi', async (route) => {
    if (!isBroken) return route.continue();
    isBroken = false;
    await route.fetch();
    await route.abort();
  });
  await page.getByRole('button', { name: 'Pay with Test Wallet' }).click();
  await page.getByText('The connection broke.').waitFor();
  await page.getByRole('button', { name: 'Pay with Test Wallet' }).click();
  await page.getByText('Paid. This is the answer.').waitFor();
  assert.match((await page.locator('#result pre').textContent()) ?? '', /<script>/);
  assert.match(await page.title(), /^hostile costs/);
  assert.equal(signed.length, 1);
  assert.equal(had - (await node.balanceOf(payer.address)), 1000n);
  assert.deepEqual(
    complaints.filter((text) => !text.includes('ERR_FAILED')),
    [],
  );
  await close();
});

test('programs get no page: neither by */* nor with another method than GET', { skip }, async () => {
  verifies('payments.wire.page');
  const browserAccept = 'text/html,application/xhtml+xml,*/*;q=0.8';
  const type = async (init: RequestInit) => (await fetch(`${url}/add?a=1&b=1`, init)).headers.get('content-type');
  assert.equal(await type({ headers: { accept: browserAccept } }), 'text/html; charset=utf-8');
  assert.equal(await type({ headers: { accept: '*/*' } }), 'application/json; charset=utf-8');
  assert.equal(await type({ method: 'POST', headers: { accept: browserAccept } }), 'application/json; charset=utf-8');
});
