import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { challenge, loginAnswer, walletUser } from '@freehold/protocol';
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';
import { verifies } from '../requirements/verifies.ts';
import { launchBrowser } from './harness/browser.ts';
import { root, startNodeProcess, temporaryDirectory, type NodeProcess } from './harness/node-process.ts';

const pictures = join(root, 'test-results', 'people');
const place = temporaryDirectory();
const launched = await launchBrowser();
const skip = 'missing' in launched ? launched.missing : false;

let node: NodeProcess;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let ownerToken: string;
const complaints: string[] = [];

async function post(path: string, body: object, token?: string): Promise<unknown> {
  const response = await fetch(new URL(path, node.url), {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token !== undefined && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(await response.text());
  return response.json();
}

before(async () => {
  if ('missing' in launched) return;
  mkdirSync(pictures, { recursive: true });
  browser = launched.browser;
  node = await startNodeProcess(join(place.path, 'data'), { FREEHOLD_DSTACK: 'stand-in', FREEHOLD_SIGN_UP: 'open' });
  const owner = privateKeyToAccount(generatePrivateKey());
  const { nonce, message } = challenge.parse(await post('/api/auth/challenge', { address: owner.address }));
  const signature = await owner.signMessage({ message });
  ownerToken = loginAnswer.parse(await post('/api/auth/login', { nonce, signature, transport: 'bearer' })).token ?? '';
  context = await browser.newContext({ viewport: { width: 1280, height: 900 }, colorScheme: 'light', reducedMotion: 'reduce' });
  page = await context.newPage();
  page.setDefaultTimeout(15_000);
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message_) => {
    if (/Content Security Policy|Refused to/.test(message_.text())) complaints.push(message_.text());
  });
  // A device with a touch sensor, as Chromium's developer tools make one.
  const tools = await context.newCDPSession(page);
  await tools.send('WebAuthn.enable');
  await tools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
});
after(async () => {
  await browser?.close();
  await node?.stop();
  place.remove();
});
afterEach(async (context_) => {
  if ('passed' in context_ && !context_.passed && page) await picture(`failed-${context_.name.slice(0, 20)}`);
});

const picture = (name: string) => page.screenshot({ path: join(pictures, `${name}.png`) });
const menu = async (item: string) => {
  await page.getByRole('button', { name: 'Account', exact: true }).click();
  await page.getByRole('menuitem', { name: item, exact: true }).click();
};
const close = () => page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();

async function isAccessible(what: string) {
  const { violations } = await new AxeBuilder({ page }).analyze();
  assert.deepEqual(
    violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`.slice(0, 300)),
    [],
    what,
  );
}

test('a person without a wallet signs up with a passkey and is at the desktop', { skip }, async () => {
  verifies('wallet.dashboards', 'identity.sign-up.confirmed');
  await page.goto(node.url);
  await page.getByRole('button', { name: 'Sign up without a wallet' }).click();
  await page.getByLabel('E-mail address').fill('ada@example.com');
  await page.getByLabel('User id').fill('ada');
  await picture('1-sign-up');
  await isAccessible('the sign-up form');
  await page.getByRole('button', { name: 'Sign up with a passkey' }).click();
  await page.getByRole('button', { name: 'Files' }).first().waitFor();
});

test('the wallet on the node signs, and its signature and chain are verified in the page', { skip }, async () => {
  verifies('wallet.dashboards', 'wallet.chain');
  await menu('Wallet on this node');
  const dialog = page.getByRole('dialog', { name: 'Wallet on this node' });
  await dialog.getByText('Ethereum · version 1').waitFor();
  await dialog.getByLabel('Message to sign').fill('hello dstack');
  await dialog.getByRole('button', { name: 'Sign', exact: true }).click();
  await dialog.getByRole('button', { name: 'Verify it' }).click();
  await dialog.getByText('The signature is valid; its chain leads to a trusted root.').waitFor();
  await picture('2-wallet');
  await isAccessible('the wallet');
  await close();
});

test('signing out and in again takes one touch; the passkey and what happened are shown', { skip }, async () => {
  verifies('identity.passkeys');
  await menu('Sign out');
  await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
  await page.getByRole('button', { name: 'Files' }).first().waitFor();
  await menu('Passkeys');
  await page.getByRole('dialog').getByText('Made when signing up').waitFor();
  await picture('3-passkeys');
  await isAccessible('the passkeys');
  await close();
  await menu('Activity');
  await page.getByRole('dialog').getByText('Signed in (passkey Made when signing up)').waitFor();
  await picture('4-activity');
  await isAccessible('the activity');
  await close();
});

test('the owner makes her an administrator, and she sees who signed up, also on a phone', { skip }, async () => {
  verifies('wallet.dashboards', 'identity.roles');
  const listed: unknown = await (
    await fetch(new URL('/api/admin/users', node.url), { headers: { authorization: `Bearer ${ownerToken}` } })
  ).json();
  const [ada] = walletUser.array().parse(Object(listed).users);
  await post('/api/accounts', { address: ada?.address, role: 'admin' }, ownerToken);
  for (let index = 0; index < 5; index++)
    await post('/api/signup', { email: `p${index}@example.com`, userId: `person-${index}` }, ownerToken);
  await page.reload();
  await menu('Who signed up');
  const dialog = page.getByRole('dialog', { name: 'Who signed up' });
  await dialog.getByRole('cell', { name: 'ada@example.com' }).waitFor();
  await dialog.getByLabel('Search').fill('person-3');
  await dialog.getByRole('cell', { name: 'p3@example.com' }).waitFor();
  await dialog.getByRole('cell', { name: 'ada@example.com' }).waitFor({ state: 'detached' });
  await picture('5-who-signed-up');
  await isAccessible('who signed up');
  await page.setViewportSize({ width: 390, height: 844 });
  await picture('6-phone');
  await isAccessible('who signed up, on a phone');
  assert.deepEqual(complaints, []);
});
