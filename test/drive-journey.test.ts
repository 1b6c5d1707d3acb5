import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';
import { verifies } from '../requirements/verifies.ts';
import { launchBrowser } from './harness/browser.ts';
import { root, startNodeProcess, temporaryDirectory, type NodeProcess } from './harness/node-process.ts';

/** Where the pictures are left for people to look at. */
const pictures = join(root, 'test-results', 'drive-journey');
const place = temporaryDirectory();
const launched = await launchBrowser();
const skip = 'missing' in launched ? launched.missing : false;
const guest = privateKeyToAccount(generatePrivateKey());
const headers = { 'x-requested-by': 'freehold' };
const desktop = { width: 1280, height: 820 };
const telephone = { width: 390, height: 780 };

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
  context = await browser.newContext({ viewport: desktop, colorScheme: 'light', reducedMotion: 'reduce' });
  page = await open(context);
  await page.getByRole('button', { name: 'Create a local test wallet' }).click();
  await page.getByRole('button', { name: 'Claim this node' }).click();
  await page.getByRole('button', { name: 'Files', exact: true }).click();
  await row('Documents').waitFor();
  // Maximised it is as large as the screen, whatever that is at the time.
  await page.getByRole('button', { name: 'Maximise Files' }).click();
  const { id: pictureFolder } = await ask('GET', '/api/drive/stat?path=/Pictures');
  const { id: documents } = await ask('GET', '/api/drive/stat?path=/Documents');
  const { id: letters } = await ask('POST', '/api/drive/folders', { parent: documents, name: 'Letters' });
  await put(pictureFolder, 'garden.png', await page.screenshot());
  await put(letters, 'to Mae.txt', Buffer.from('Dear Aunt Mae,\nthe hydrangeas are in bloom.\n'));
  await put(documents, 'plan.txt', Buffer.from('Plant the beans in April.\n'));
  await ask('POST', '/api/accounts', { address: guest.address, role: 'member' });
});
after(async () => {
  await browser?.close();
  await node?.stop();
  place.remove();
});
afterEach(async (test) => {
  if ('passed' in test && !test.passed && page) await picture(`failed-${test.name.slice(0, 20)}`);
});

async function open(where: BrowserContext): Promise<Page> {
  const tab = await where.newPage();
  tab.setDefaultTimeout(15_000);
  tab.on('pageerror', (error) => complaints.push(error.message));
  tab.on('console', (message) => {
    if (/Content Security Policy|Refused to/.test(message.text())) complaints.push(message.text());
  });
  await tab.goto(node.url);
  return tab;
}
const ask = async (method: string, path: string, data?: unknown, by: BrowserContext = context) => {
  const answer = await by.request.fetch(new URL(path, node.url).href, { method, headers, ...(data !== undefined && { data }) });
  assert.ok(answer.ok(), `${method} ${path}: ${answer.status()} ${await answer.text()}`);
  const text = await answer.text();
  return text === '' ? undefined : JSON.parse(text);
};
const put = async (parent: string, name: string, data: Buffer) => {
  const answer = await context.request.put(`${node.url}/api/drive/files?${new URLSearchParams({ parent, name })}`, {
    headers: { ...headers, 'content-type': name.endsWith('.png') ? 'image/png' : 'text/plain' },
    data,
  });
  assert.ok(answer.ok(), await answer.text());
};
const row = (name: string, of: Page = page) => of.getByRole('row', { name }).first();
const goTo = (name: string, of: Page = page) =>
  of.getByRole('navigation', { name: 'Places' }).getByRole('button', { name, exact: true }).click();
const picture = (name: string, of: Page = page) => of.screenshot({ path: join(pictures, `${name}.png`) });
const said = (text: RegExp, of: Page = page) => of.getByRole('status', { name: 'Notifications' }).getByText(text).waitFor();

async function isAccessible(what: string, of: Page = page) {
  // Colours that still change from one theme to the other have no contrast to speak of.
  await of.evaluate(async () => {
    const ending = document.getAnimations().filter(({ effect }) => effect?.getComputedTiming().iterations !== Number.POSITIVE_INFINITY);
    await Promise.allSettled(ending.map(({ finished }) => finished));
  });
  const { violations } = await new AxeBuilder({ page: of }).analyze();
  assert.deepEqual(
    violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`.slice(0, 300)),
    [],
    what,
  );
}

/** The same screen wide and narrow, in light and dark; nothing may be wider than the screen, and axe finds nothing. */
async function looksGood(name: string, of: Page = page) {
  for (const [size, viewport] of [
    ['desktop', desktop],
    ['phone', telephone],
  ] as const) {
    await of.setViewportSize(viewport);
    for (const colorScheme of ['light', 'dark'] as const) {
      await of.emulateMedia({ colorScheme });
      await picture(`${name}-${size}-${colorScheme}`, of);
    }
    await isAccessible(`${name}, ${size}, dark`, of);
    const overflow = await of.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.equal(overflow, 0, `${name}: nothing is wider than the screen`);
  }
  await of.emulateMedia({ colorScheme: 'light' });
  await of.setViewportSize(desktop);
  await isAccessible(`${name}, desktop, light`, of);
}

test('the folders of every drive stay as they are: nothing else is offered for them', { skip }, async () => {
  verifies('drive.windows');
  await row('Documents').click();
  const bar = page.getByRole('toolbar', { name: 'Selected files' });
  await bar.getByRole('button', { name: 'Open' }).waitFor();
  assert.equal(await bar.getByRole('button', { name: 'Move to trash' }).count(), 0);
  await row('Documents').click({ button: 'right' });
  await page.getByRole('menuitem', { name: 'Copy', exact: true }).waitFor();
  assert.equal(await page.getByRole('menuitem', { name: 'Rename' }).count(), 0);
  assert.equal(await page.getByRole('menuitem', { name: 'Cut' }).count(), 0);
  await page.keyboard.press('Escape');
  await row('Documents').focus();
  await page.keyboard.press('Delete');
  await said(/keeps its name and its place/);
  await page.keyboard.press('Escape');
  assert.match((await page.getByRole('row').last().textContent()) ?? '', /AppData/);
  await looksGood('1-files');
});

test('a file is found by its name and by its words, opened, and shown where it lies', { skip }, async () => {
  verifies('drive.windows');
  await page.keyboard.press('Control+f');
  const field = page.getByRole('searchbox', { name: 'Search by name or content' });
  await looksGood('2-search-empty');
  await field.fill('beans in');
  const results = page.getByRole('list', { name: 'Search results' });
  // Content is read by another process: a moment later than the name.
  await assert.doesNotReject(async () => {
    for (let tries = 0; (await results.getByText('plan.txt').count()) === 0; tries++) {
      if (tries > 40) throw new Error('the content was not found');
      await field.fill(tries % 2 === 0 ? 'beans' : 'beans in');
      await page.waitForTimeout(350);
    }
  });
  await field.fill('mae');
  await results.getByText('My files › Documents › Letters').waitFor();
  await looksGood('3-search');
  await field.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.getByText('the hydrangeas are in bloom.').waitFor();
  await page.getByRole('button', { name: 'Close to Mae.txt' }).click();
  await page.getByRole('button', { name: 'Show to Mae.txt in its folder' }).click();
  await page.getByRole('grid', { name: 'Files in Letters' }).waitFor();
  await page.locator('[role=row][aria-selected=true]:focus', { hasText: 'to Mae.txt' }).waitFor();
});

test('files are copied, cut and pasted by the keyboard, and both is undone', { skip }, async () => {
  verifies('drive.windows');
  await page.keyboard.press('Control+c');
  await said(/Copied “to Mae.txt”/);
  await page.keyboard.press('Control+v');
  await row('to Mae (1).txt').or(row('to Mae (2).txt')).or(row('to Mae copy.txt')).first().waitFor();
  await picture('4-pasted');
  const undo = page.getByRole('status', { name: 'Notifications' }).getByRole('button', { name: 'Undo' });
  await undo.click();
  await page.waitForFunction(() => document.querySelectorAll('[role=row][data-index]').length === 1);
  await row('to Mae.txt').click();
  await page.keyboard.press('Control+x');
  await page.locator('[role=row][data-dim=true]').waitFor();
  await isAccessible('what was cut');
  await page.getByRole('navigation', { name: 'Folders' }).getByRole('button', { name: 'Documents' }).click();
  await row('plan.txt').waitFor();
  await page.getByRole('button', { name: 'Paste' }).click();
  await row('to Mae.txt').waitFor();
  await undo.click();
  await row('to Mae.txt').waitFor({ state: 'detached' });
});

test('pictures are shown in the place of their icons, and nothing moves for it', { skip }, async () => {
  verifies('drive.windows');
  await goTo('My files');
  await row('Pictures').dblclick();
  const thumbnail = row('garden.png').locator('img');
  await page.waitForFunction(() => document.querySelector('[data-dressed=true] img'));
  assert.deepEqual(await thumbnail.evaluate((image) => [image.clientWidth, image.clientHeight]), [28, 28]);
  await picture('5-thumbnails');
});

test('what one person shares, the other browses within the right that was given, and gives up', { skip }, async () => {
  verifies('drive.windows', 'drive.sharing');
  const { id: documents } = await ask('GET', '/api/drive/stat?path=/Documents');
  await ask('PUT', `/api/drive/entries/${documents}/shares/${guest.address}`, { right: 'read' });
  const { id: pictureFolder } = await ask('GET', '/api/drive/stat?path=/Pictures');
  await ask('PUT', `/api/drive/entries/${pictureFolder}/shares/${guest.address}`, { right: 'write' });

  const elsewhere = await browser.newContext({ viewport: desktop, colorScheme: 'light', reducedMotion: 'reduce' });
  try {
    const { nonce, message } = await ask('POST', '/api/auth/challenge', { address: guest.address }, elsewhere);
    await ask('POST', '/api/auth/login', { nonce, signature: await guest.signMessage({ message }) }, elsewhere);
    const tab = await open(elsewhere);
    await tab.getByRole('button', { name: 'Files', exact: true }).click();
    await tab.getByRole('button', { name: 'Maximise Files' }).click();
    await goTo('Links', tab);
    await tab.getByRole('heading', { name: 'No public links' }).waitFor();
    await picture('6-no-links', tab);
    await goTo('Shared with me', tab);
    await tab.getByRole('list', { name: 'Shared with me' }).getByText('you may read it').waitFor();
    await looksGood('6-shared', tab);

    await tab.getByRole('button', { name: 'Open Documents' }).click();
    await row('plan.txt', tab).click();
    await tab.getByRole('toolbar', { name: 'Selected files' }).getByRole('button', { name: 'Download' }).waitFor();
    assert.equal(await tab.getByRole('button', { name: /^(Rename|Move to|New folder|Upload files)/ }).count(), 0);
    await looksGood('7-shared-folder', tab);
    await row('plan.txt', tab).dblclick();
    await tab.getByText('Plant the beans in April.').waitFor();
    await tab.getByRole('button', { name: 'Close plan.txt' }).click();

    await tab.keyboard.press('Control+c');
    await goTo('Shared with me', tab);
    await tab.getByRole('button', { name: 'Open Pictures' }).click();
    await tab.getByRole('button', { name: 'Paste' }).click();
    await row('plan.txt', tab).waitFor();
    assert.equal((await ask('GET', '/api/drive/stat?path=/Pictures/plan.txt')).size, 26, 'it lies in the drive of the owner');

    await goTo('Shared with me', tab);
    await tab.getByRole('button', { name: 'Give up Documents' }).click();
    await tab.getByRole('alertdialog').getByRole('button', { name: 'Give up' }).click();
    await tab.getByText('you may read it').waitFor({ state: 'detached' });
    await tab.getByRole('button', { name: 'Give up Pictures' }).click();
    await tab.getByRole('alertdialog').getByRole('button', { name: 'Give up' }).click();
    await tab.getByRole('heading', { name: 'Nothing is shared with you yet' }).waitFor();
    await picture('7-nothing-shared', tab);
    assert.deepEqual((await ask('GET', `/api/drive/entries/${documents}/shares`)).shares, []);
  } finally {
    await elsewhere.close();
  }
});

test('all public links are in one place with their state, and are ended there', { skip }, async () => {
  verifies('drive.windows', 'drive.links');
  const { id } = await ask('GET', '/api/drive/stat?path=/Documents/plan.txt');
  const link = await ask('POST', `/api/drive/entries/${id}/links`, { label: 'for the neighbours', password: 'sesame' });
  await ask('POST', `/api/drive/entries/${id}/links`, { expiresAt: Date.now() + 1500 });
  await page.waitForTimeout(1600);
  await goTo('Links');
  const list = page.getByRole('list', { name: 'Public links' });
  await list.getByText('with password').waitFor();
  await list.getByText('Ended').waitFor();
  await looksGood('8-links');
  await list.getByRole('listitem').filter({ hasText: 'neighbours' }).getByRole('button', { name: 'End the link to plan.txt' }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'End the link' }).click();
  await list.getByText('with password').waitFor({ state: 'detached' });
  assert.equal((await fetch(link.url.replace('/s/', '/api/links/'))).status, 404);
});

test('an app password is made, shown once, mounts the drive and is revoked; an app loses what it was given', { skip }, async () => {
  verifies('drive.windows');
  const account = async (item: string) => {
    await page.getByRole('button', { name: 'Account', exact: true }).click();
    await page.getByRole('menuitem', { name: item }).click();
  };
  await page.getByRole('button', { name: 'Account', exact: true }).click();
  await page.getByText(/stored$/).waitFor();
  await picture('9-account');
  await isAccessible('the account menu');
  await page.keyboard.press('Escape');
  await account('App passwords');
  const dialog = page.getByRole('dialog', { name: 'App passwords' });
  await dialog.getByRole('button', { name: 'Make a password' }).click();
  await dialog.getByText('Give it a name').waitFor();
  await dialog.getByLabel('For which program').fill('Finder on my laptop');
  await dialog.getByRole('button', { name: 'Make a password' }).click();
  await dialog.getByText('shown this once').waitFor();
  const [address, user, password] = await dialog.locator('dd code').allTextContents();
  assert.equal(address, `${node.url}/dav/`);
  await looksGood('9-password');
  const mount = () =>
    fetch(new URL('/dav/', node.url), {
      method: 'PROPFIND',
      headers: { depth: '0', authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` },
    });
  assert.equal((await mount()).status, 207);
  await dialog.getByRole('button', { name: 'Done' }).click();
  await dialog.getByRole('button', { name: 'Revoke Finder on my laptop' }).click();
  await dialog.getByText('is revoked').waitFor();
  assert.equal((await mount()).status, 401);
  await dialog.getByRole('button', { name: 'Close' }).click();

  await account('Apps');
  const apps = page.getByRole('dialog', { name: 'Apps' });
  await apps.getByRole('heading', { name: 'No app has been let in' }).waitFor();
  await picture('10-no-apps');
  await apps.getByRole('button', { name: 'Close' }).click();
  const { app } = await ask('POST', '/api/apps', { origin: 'https://paint.example', name: 'Paint' });
  assert.match(app, /^app-/);
  await account('Apps');
  await apps.getByText('https://paint.example').waitFor();
  await looksGood('10-apps');
  await apps.getByRole('button', { name: 'Show out Paint' }).click();
  await apps.getByText('is shown out').waitFor();
  assert.deepEqual((await ask('GET', '/api/apps')).apps, []);
});

test('nothing broke on the way', { skip }, () => {
  assert.deepEqual(complaints, []);
});
