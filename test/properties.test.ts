import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, Page } from 'playwright-core';
import { verifies } from '../requirements/verifies.ts';
import { launchBrowser } from './harness/browser.ts';
import { root, startNodeProcess, temporaryDirectory, type NodeProcess } from './harness/node-process.ts';

/** Where the pictures are left for people to look at. */
const pictures = join(root, 'test-results', 'properties');
const place = temporaryDirectory();
const launched = await launchBrowser();
const skip = 'missing' in launched ? launched.missing : false;

let node: NodeProcess;
let browser: Browser;
let page: Page;

before(async () => {
  if ('missing' in launched) return;
  mkdirSync(pictures, { recursive: true });
  browser = launched.browser;
  node = await startNodeProcess(join(place.path, 'data'));
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, colorScheme: 'light', reducedMotion: 'reduce' });
  page = await context.newPage();
  page.setDefaultTimeout(15_000);
  await page.goto(node.url);
  await page.getByRole('button', { name: 'Create a local test wallet' }).click();
  await page.getByRole('button', { name: 'Claim this node' }).click();
  await page.getByRole('button', { name: 'Files', exact: true }).click();
  await page.getByRole('row', { name: 'Documents' }).first().waitFor();
  await page.evaluate(async () => {
    const headers = { 'x-requested-by': 'freehold' };
    const { id } = await (await fetch('/api/drive/root')).json();
    for (const body of ['Dear Mae,', 'Dear Aunt Mae,\nthe node is mine.'])
      await fetch(`/api/drive/files?parent=${id}&name=letter.txt&onConflict=replace`, { method: 'PUT', body, headers });
    await fetch('/api/accounts', {
      method: 'POST',
      body: JSON.stringify({ address: '0x00000000000000000000000000000000000000aa', role: 'member' }),
      headers: { ...headers, 'content-type': 'application/json' },
    });
  });
});
after(async () => {
  await browser?.close();
  await node?.stop();
  place.remove();
});

const picture = (name: string) => page.screenshot({ path: join(pictures, `${name}.png`) });
afterEach(async (context) => {
  if ('passed' in context && !context.passed && page) await picture(`failed-${context.name.slice(0, 20)}`);
});

async function isAccessible(what: string) {
  const { violations } = await new AxeBuilder({ page }).analyze();
  assert.deepEqual(
    violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`.slice(0, 300)),
    [],
    what,
  );
}
const dialog = () => page.getByRole('dialog', { name: 'letter.txt' });
const tab = (name: string) => dialog().getByRole('tab', { name }).click();

test('properties open by the keyboard; an earlier content is named and restored', { skip }, async () => {
  verifies('drive.properties', 'cloud.files.versions');
  await page.getByRole('row', { name: 'letter.txt' }).first().click();
  await page.keyboard.press('Alt+Enter');
  await dialog().getByText('text/plain').waitFor();
  await dialog().getByText('/letter.txt').waitFor();
  await picture('1-general');
  await isAccessible('the general properties');
  await page.keyboard.press('Tab');
  await tab('Versions');
  await dialog()
    .getByRole('button', { name: /^Name and keep/ })
    .click();
  await dialog().getByRole('textbox', { name: 'Name of the version' }).fill('first words');
  await page.keyboard.press('Enter');
  await dialog().getByText('first words').waitFor();
  await picture('2-versions');
  await isAccessible('the versions');
  await dialog()
    .getByRole('button', { name: /^Restore the version/ })
    .click();
  await dialog()
    .getByText(/The file is as it was/)
    .waitFor();
  const content = await page.evaluate(async () => {
    const { id } = await (await fetch('/api/drive/stat?path=/letter.txt')).json();
    return (await fetch(`/api/drive/files/${id}/content`)).text();
  });
  assert.equal(content, 'Dear Mae,');
});

test('it is shared with a person, who is told apart from strangers, and by a link with a password', { skip }, async () => {
  verifies('drive.properties', 'drive.sharing', 'drive.links');
  await tab('Shared');
  await dialog().getByRole('textbox', { name: 'Share with wallet' }).fill('0x1234');
  await dialog().getByRole('button', { name: 'Share', exact: true }).click();
  await dialog()
    .getByText(/must be 0x followed by/)
    .waitFor();
  await dialog().getByRole('textbox', { name: 'Share with wallet' }).fill('0x00000000000000000000000000000000000000bb');
  await dialog().getByRole('button', { name: 'Share', exact: true }).click();
  await dialog().getByText('That wallet has no account here.').waitFor();
  await dialog().getByRole('textbox', { name: 'Share with wallet' }).fill('0x00000000000000000000000000000000000000aa');
  await dialog().getByRole('button', { name: 'Share', exact: true }).click();
  await dialog()
    .getByRole('list', { name: 'Shared with' })
    .getByText('0x0000…00')
    .waitFor()
    .catch(() => {});
  await dialog()
    .getByRole('combobox', { name: /^What 0x0000/ })
    .selectOption('write');
  await dialog().getByRole('button', { name: 'Make a link' }).click();
  await dialog().getByRole('textbox', { name: 'For whom' }).fill('Aunt Mae');
  await dialog().getByLabel('Password').fill('sesame');
  await picture('3-new-link');
  await isAccessible('the form of a link');
  await dialog().getByRole('button', { name: 'Make the link' }).click();
  const address = (await dialog().getByRole('list', { name: 'Public links' }).locator('code').textContent()) ?? '';
  await picture('4-shared');
  await isAccessible('what is shared');

  const elsewhere = await browser.newContext({ viewport: { width: 480, height: 700 }, colorScheme: 'dark' });
  try {
    const visitor = await elsewhere.newPage();
    await visitor.goto(address);
    await visitor.getByLabel('Password').fill('wrong');
    await visitor.getByRole('button', { name: 'Open' }).click();
    await visitor.getByRole('alert').waitFor();
    await visitor.screenshot({ path: join(pictures, '5-password.png') });
    await visitor.getByLabel('Password').fill('sesame');
    await visitor.getByRole('button', { name: 'Open' }).click();
    await visitor.getByRole('heading', { name: 'letter.txt' }).waitFor();
    await visitor.screenshot({ path: join(pictures, '6-link.png') });
    const { violations } = await new AxeBuilder({ page: visitor }).analyze();
    assert.deepEqual(
      violations.map(({ id }) => id),
      [],
    );
    await dialog()
      .getByRole('button', { name: /^End the link/ })
      .click();
    await dialog().getByText('The link has ended.').waitFor();
    await visitor.reload();
    await visitor.getByRole('heading', { name: 'This link cannot be opened' }).waitFor();
  } finally {
    await elsewhere.close();
  }
  await dialog()
    .getByRole('button', { name: /^Stop sharing/ })
    .click();
  await dialog()
    .getByText(/can no longer use this/)
    .waitFor();
});

test('it is published on purpose, found by its CID, and taken back', { skip }, async () => {
  verifies('drive.properties', 'cloud.files.ipfs');
  await tab('Published');
  await dialog()
    .getByText(/cannot be called back/)
    .waitFor();
  await picture('7-publish');
  await dialog().getByRole('button', { name: 'Publish', exact: true }).click();
  const cid = (await dialog().locator('code').first().textContent()) ?? '';
  const raw = () => fetch(new URL(`/ipfs/${cid}?format=raw`, node.url));
  assert.equal(await (await raw()).text(), 'Dear Mae,');
  await picture('8-published');
  await isAccessible('what is published');
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.setViewportSize({ width: 390, height: 780 });
  await picture('9-published-phone-dark');
  await tab('Shared');
  await dialog().getByRole('button', { name: 'Make a link' }).waitFor();
  await picture('9-shared-phone-dark');
  await isAccessible('what is shared, in the dark on a telephone');
  await tab('Published');
  await dialog().getByRole('button', { name: 'Take it back' }).click();
  await dialog()
    .getByText(/It is taken back/)
    .waitFor();
  assert.equal((await raw()).status, 404);
});
