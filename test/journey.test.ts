import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, BrowserContext, Page } from 'playwright-core';
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
    await page.getByRole('button', { name: 'Files' }).first().waitFor();
    await picture('2-desktop');
    await isAccessible('the empty desktop');
    await page.reload();
    await page.getByRole('button', { name: 'Files' }).first().waitFor();
  },
);
