import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import type { Hex } from '@freehold/protocol';
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';
import { verifies } from '../requirements/verifies.ts';
import { launchBrowser } from './harness/browser.ts';
import { freehold, hasCurl, root, startNodeProcess, temporaryDirectory, type NodeProcess } from './harness/node-process.ts';

/** Where the pictures of the journey are left for people to look at. */
const pictures = join(root, 'test-results', 'journey');
const place = temporaryDirectory();
const launched = await launchBrowser();
const skip = 'missing' in launched ? launched.missing : false;

let node: NodeProcess;
let browser: Browser;
let context: BrowserContext;
let page: Page;
const complaints: string[] = [];

before(async () => {
  if ('missing' in launched) return;
  mkdirSync(pictures, { recursive: true });
  browser = launched.browser;
  node = await startNodeProcess(join(place.path, 'data'));
  context = await browser.newContext({ viewport: { width: 1440, height: 900 }, colorScheme: 'light', reducedMotion: 'reduce' });
  page = await context.newPage();
  page.setDefaultTimeout(15_000);
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (/Content Security Policy|Refused to/.test(message.text())) complaints.push(message.text());
  });
});
after(async () => {
  await browser?.close();
  await node?.stop();
  place.remove();
});

afterEach(async (context) => {
  if ('passed' in context && !context.passed && page) await picture(`failed-${context.name.slice(0, 20)}`);
});

const picture = (name: string, of: Page = page) => of.screenshot({ path: join(pictures, `${name}.png`) });

async function isAccessible(what: string, of: Page = page) {
  const { violations } = await new AxeBuilder({ page: of }).analyze();
  assert.deepEqual(
    violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`.slice(0, 300)),
    [],
    what,
  );
}

test(
  '1–2: the node prints a claim code; a person creates a wallet in the page, claims the node and sees the desktop',
  { skip },
  async () => {
    verifies('foundation.journey', 'foundation.start', 'foundation.desktop.accessible');
    assert.match(node.claimCode, /^[0-9A-Z]{4}-[0-9A-Z]{4}$/);
    await page.goto(node.url);
    await page.getByRole('heading', { name: 'Claim this node' }).waitFor();
    await picture('1-claim');
    await isAccessible('the welcome screen');
    await page.getByRole('button', { name: 'Create a local test wallet' }).click();
    await page.getByRole('button', { name: 'Claim this node' }).waitFor();
    await picture('1-wallet');
    await isAccessible('the new wallet');
    await page.getByRole('button', { name: 'Claim this node' }).click();
    await page.getByRole('button', { name: 'Files' }).first().waitFor();
    await picture('2-desktop');
    await isAccessible('the empty desktop');
    await page.reload();
    await page.getByRole('button', { name: 'Files' }).first().waitFor();
  },
);

const filesWindow =
  '[role="region"][aria-label="Files"] h3, [aria-label="Files"] [data-drop], [aria-label="Files"] nav[aria-label="Folders"]';
const row = (name: string) => page.getByRole('row', { name }).first();
const picked = randomBytes(3 * 1024 * 1024);
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** Drops files onto an element as a person drags them from the desktop of their computer. */
async function drop(target: string, contents: { name: string; type: string; base64: string }[]) {
  const transfer = await page.evaluateHandle((items) => {
    const data = new DataTransfer();
    for (const { name, type, base64 } of items)
      data.items.add(new File([Uint8Array.from(atob(base64), (c) => c.codePointAt(0) ?? 0)], name, { type }));
    return data;
  }, contents);
  for (const type of ['dragenter', 'dragover', 'drop']) await page.dispatchEvent(target, type, { dataTransfer: transfer });
}

test('3: drag and drop, open, rename, move, trash and restore', { skip }, async () => {
  verifies('foundation.journey', 'foundation.desktop.accessible');
  await page.getByRole('button', { name: 'Files', exact: true }).click();
  await row('Documents').waitFor();
  await drop(filesWindow, [
    { name: 'letter.txt', type: 'text/plain', base64: Buffer.from('Dear Aunt Mae,\nthe node is mine.\n').toString('base64') },
    { name: 'picture.bin', type: 'application/octet-stream', base64: picked.toString('base64') },
  ]);
  await row('letter.txt').waitFor();
  await row('picture.bin').waitFor();
  await picture('3-uploaded');
  await isAccessible('the files window');

  const stored = await page.evaluate(async () => {
    const json = async (path: string) => (await fetch(path)).json();
    const { id } = await json('/api/drive/root');
    const { entries } = await json(`/api/drive/entries?parent=${id}`);
    const entry = entries.find(({ name }: { name: string }) => name === 'picture.bin');
    const bytes = await (await fetch(`/api/drive/files/${entry.id}/content`)).arrayBuffer();
    return [...new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  });
  assert.equal(stored, sha256(picked), 'what is stored is byte for byte what was dropped');

  await row('letter.txt').dblclick();
  await page.getByText('the node is mine.').waitFor();
  await picture('4-opened');
  await page.getByRole('button', { name: 'Close letter.txt' }).click();

  await row('letter.txt').click();
  await page.keyboard.press('F2');
  await page.getByRole('textbox', { name: 'New name of letter.txt' }).fill('letter to Mae.txt');
  await page.keyboard.press('Enter');
  await row('letter to Mae.txt').waitFor();

  await page.getByRole('button', { name: 'Clear selection' }).click();
  await page.getByRole('button', { name: 'New folder' }).click();
  await page.getByRole('textbox', { name: 'Name' }).fill('Letters');
  await page.keyboard.press('Enter');
  await row('Letters').waitFor();
  await row('letter to Mae.txt').click();
  await page.getByRole('button', { name: 'Move to…' }).click();
  const destination = page.getByRole('dialog', { name: /^Move / });
  await destination.getByRole('button', { name: 'Letters' }).click();
  await picture('5-move');
  await destination.getByRole('button', { name: /^Move/ }).last().click();
  await row('letter to Mae.txt').waitFor({ state: 'detached' });
  await row('Letters').dblclick();
  await row('letter to Mae.txt').waitFor();

  await row('letter to Mae.txt').click();
  await page.keyboard.press('Delete');
  await row('letter to Mae.txt').waitFor({ state: 'detached' });
  await page.getByRole('navigation', { name: 'Places' }).getByRole('button', { name: 'Trash' }).click();
  await row('letter to Mae.txt').click();
  await picture('6-trash');
  await isAccessible('the trash');
  await page.getByRole('button', { name: 'Restore' }).first().click();
  await row('letter to Mae.txt').waitFor({ state: 'detached' });
  await page.getByRole('navigation', { name: 'Places' }).getByRole('button', { name: 'My files' }).click();
  await row('Letters').dblclick();
  await row('letter to Mae.txt').waitFor();
  await page.getByRole('button', { name: 'Close Files' }).click();
});

test('3: a large file goes on after the connection was lost', { skip }, async () => {
  verifies('cloud.files.upload', 'drive.uploads.resume');
  let lost = 0;
  await page.route('**/api/drive/uploads/*/parts/2', (route) => (lost++ === 0 ? route.abort('connectionreset') : route.continue()));
  const transfer = await page.evaluateHandle(() => {
    const data = new DataTransfer();
    data.items.add(new File([new Uint8Array(24 * 1024 * 1024).fill(7)], 'film.bin'));
    return data;
  });
  await page.getByRole('button', { name: 'Files', exact: true }).click();
  await row('Letters').waitFor();
  for (const type of ['dragenter', 'dragover', 'drop']) await page.dispatchEvent(filesWindow, type, { dataTransfer: transfer });
  await row('film.bin').waitFor();
  await page.unroute('**/api/drive/uploads/*/parts/2');
  assert.equal(lost, 2, 'the part that was lost was sent again, and no other');
  const size = await page.evaluate(async () => {
    const entry = await (await fetch('/api/drive/stat?path=/film.bin')).json();
    return entry.size;
  });
  assert.equal(size, 24 * 1024 * 1024);
  await page.getByRole('button', { name: 'Close Files' }).click();
});

test('4: a function is published with the wallet and gets a price and a URL', { skip }, async () => {
  verifies('foundation.journey');
  await page.getByRole('button', { name: 'Functions', exact: true }).click();
  await page.getByRole('button', { name: 'Publish a function' }).first().click();
  await page.getByLabel('Program file').setInputFiles(join(root, 'examples/dist/calculator.wasm'));
  await page.getByLabel('Name', { exact: true }).fill('calculator');
  await page.getByLabel('Description').fill('Adds, subtracts, multiplies and divides');
  await page.getByLabel('Price').fill('0.001');
  await picture('7-publish');
  await isAccessible('the form of an offer');
  await page.getByRole('button', { name: 'Sign and publish' }).click();
  await page.getByText(`${node.url}/calculator.cgi`).first().waitFor();
  await picture('8-published');
  await isAccessible('the published function');
});

test(
  '5: it is bought from a terminal; money moves on the chain and in the window',
  { skip: skip || (hasCurl() ? false : 'curl is not installed (apt install curl)') },
  async () => {
    verifies('foundation.journey', 'foundation.journey.curl');
    const key = join(place.path, 'buyer.key');
    const run = (...args: string[]) => {
      const result = freehold(args, { node: node.url });
      assert.equal(result.code, 0, `${args.join(' ')}\n${result.stdout}${result.stderr}`);
      return result;
    };
    run('key', 'new', '--out', key);
    run('key', 'fund', '--key', `@${key}`);
    const balance = async (address: string): Promise<bigint> => {
      const response = await fetch(`${node.url}/api/chain/balance?address=${address}`);
      return BigInt(JSON.parse(await response.text()).amount);
    };
    const offers = JSON.parse(await (await fetch(`${node.url}/api/offers`)).text()).offers;
    const seller = offers[0].offer.owner;
    const buyer = JSON.parse(run('key', 'address', '--key', `@${key}`, '--json').stdout).address;
    const [had, earned] = [await balance(buyer), await balance(seller)];

    const list = page.getByRole('button', { name: /Done|Back to your functions/ }).first();
    await list.click();
    await page.getByRole('button', { name: 'Details of calculator' }).first().waitFor();
    const bought = run('curl', '--key', `@${key}`, '--max', '0.01', '--trace-pay', `${node.url}/calculator.cgi/multiply?a=6&b=7`);
    assert.equal(bought.stdout, '42\n');
    assert.match(bought.stderr, /0\.001/);
    assert.equal(had - (await balance(buyer)), 1000n);
    assert.equal((await balance(seller)) - earned, 1000n);

    await page.getByRole('group', { name: 'Total earned' }).getByText('0.001').waitFor();
    await page.getByRole('button', { name: 'Details of calculator' }).first().click();
    await page.getByRole('region', { name: 'Recent calls' }).waitFor();
    await picture('9-sold');
    await isAccessible('the functions window with a sale');

    verifies('compute.desktop');
    await page.getByText('Try it', { exact: true }).click();
    await page.getByRole('button', { name: 'Call it', exact: true }).click();
    await page.getByRole('group', { name: 'Answer' }).getByText('13', { exact: true }).waitFor();
    await page.getByRole('region', { name: 'The last thirty days' }).getByText('From the cache').waitFor();
    await picture('9-tried');
    await isAccessible('a function that was tried');
    await page.getByText('Try it', { exact: true }).click();
  },
);

test('windows are moved with the mouse and stack, as in the README', { skip }, async () => {
  verifies('foundation.desktop.accessible');
  await page.setViewportSize({ width: 1680, height: 960 });
  for (const [title, left, top] of [
    ['Functions', 620, 220],
    ['Files', 140, 48],
  ] as const) {
    const open = page.getByRole('dialog', { name: title });
    if (!(await open.isVisible()))
      await page.getByRole('navigation', { name: 'Taskbar' }).getByRole('button', { name: title, exact: true }).click();
    const from = await open.boundingBox();
    assert.ok(from);
    await page.mouse.move(from.x + from.width / 2, from.y + 20);
    await page.mouse.down();
    await page.mouse.move(left + from.width / 2, top + 20, { steps: 8 });
    await page.mouse.up();
    const to = await open.boundingBox();
    assert.ok(to && Math.abs(to.x - left) < 8 && Math.abs(to.y - top) < 8, JSON.stringify(to));
  }
  await row('Letters').waitFor();
  await page.getByRole('navigation', { name: 'Taskbar' }).getByRole('button', { name: 'Functions', exact: true }).click();
  await page.getByRole('status', { name: 'Notifications' }).getByRole('button').first().waitFor({ state: 'detached' });
  await picture('desktop');
  await isAccessible('two windows');
  await page.setViewportSize({ width: 1440, height: 900 });
});

test('a wallet of the browser announces itself (EIP-6963); it gets in when the owner has let it in', { skip }, async () => {
  verifies('foundation.journey', 'foundation.identity.allowlist');
  const guest = privateKeyToAccount(generatePrivateKey());
  const elsewhere = await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce' });
  try {
    const tab = await elsewhere.newPage();
    await tab.exposeFunction('walletRequest', async ({ method, params }: { method: string; params: Hex[] }) => {
      if (method === 'eth_requestAccounts' || method === 'eth_accounts') return [guest.address];
      if (method === 'eth_chainId') return '0x1';
      if (method === 'personal_sign') return guest.signMessage({ message: { raw: params[0] ?? '0x' } });
      throw new Error(`This wallet does not know ${method}`);
    });
    await tab.addInitScript(() => {
      const { walletRequest } = globalThis as unknown as { walletRequest: (request: unknown) => Promise<unknown> };
      const info = {
        uuid: '350670db-19fa-4704-a166-e52e178b59d2',
        name: 'Garden Wallet',
        icon: 'data:image/svg+xml,<svg xmlns="http://www.w3.org/2000/svg"/>',
        rdns: 'example.garden',
      };
      const provider = { request: (request: unknown) => walletRequest(request), on() {}, removeListener() {} };
      const announce = () =>
        globalThis.dispatchEvent(new CustomEvent('eip6963:announceProvider', { detail: Object.freeze({ info, provider }) }));
      globalThis.addEventListener('eip6963:requestProvider', announce);
      announce();
    });
    await tab.goto(node.url);
    await tab.getByRole('button', { name: /Garden Wallet/ }).click();
    await tab.getByText('has no account on this node').waitFor();
    await picture('9-not-allowed', tab);
    await page.getByRole('button', { name: 'Account', exact: true }).click();
    await page.getByRole('menuitem', { name: 'People' }).click();
    const people = page.getByRole('dialog', { name: 'People' });
    await people.getByLabel('Wallet address').fill('0x12');
    await people.getByRole('button', { name: 'Let in' }).click();
    await people.getByText('40 hexadecimal digits').waitFor();
    await people.getByLabel('Wallet address').fill(guest.address);
    await people.getByRole('button', { name: 'Let in' }).click();
    await people.getByRole('button', { name: /^Remove 0x/ }).waitFor();
    await picture('9-people');
    await isAccessible('the people');
    await people.getByRole('button', { name: 'Close' }).click();
    await tab.getByRole('button', { name: /Garden Wallet/ }).click();
    await tab.getByRole('button', { name: 'Files', exact: true }).click();
    await tab.getByRole('row', { name: 'Documents' }).first().waitFor();
  } finally {
    await elsewhere.close();
  }
});

test('the same desktop in the dark, and on a telephone', { skip }, async () => {
  verifies('foundation.desktop.accessible');
  await page.emulateMedia({ colorScheme: 'dark' });
  await row('Letters').waitFor();
  await picture('10-dark');
  await isAccessible('the dark desktop');
  await page.setViewportSize({ width: 390, height: 844 });
  await picture('11-telephone');
  await isAccessible('the desktop on a telephone');
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.equal(overflow, 0, 'nothing is wider than the screen');
});

test('nothing broke on the way: no script error, nothing that the page policy had to stop', { skip }, () => {
  assert.deepEqual(complaints, []);
});
