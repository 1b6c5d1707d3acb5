import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, Page } from 'playwright-core';
import { verifies } from '../requirements/verifies.ts';
import { launchBrowser } from './harness/browser.ts';
import { root, startNodeProcess, temporaryDirectory, type NodeProcess } from './harness/node-process.ts';

/** Where the pictures are left for people to look at. */
const pictures = join(root, 'test-results', 'programs');
const place = temporaryDirectory();
const launched = await launchBrowser();
const skip = 'missing' in launched ? launched.missing : false;
const screens = { desktop: { width: 1280, height: 860 }, phone: { width: 390, height: 844 } };

let node: NodeProcess;
let browser: Browser;
let page: Page;

before(async () => {
  if ('missing' in launched) return;
  mkdirSync(pictures, { recursive: true });
  browser = launched.browser;
  node = await startNodeProcess(join(place.path, 'data'));
  const context = await browser.newContext({ viewport: screens.desktop, colorScheme: 'light', reducedMotion: 'reduce' });
  page = await context.newPage();
  page.setDefaultTimeout(15_000);
  await page.goto(node.url);
  await page.getByRole('button', { name: 'Create a local test wallet' }).click();
  await page.getByRole('button', { name: 'Claim this node' }).click();
  await page.getByRole('button', { name: 'Launcher' }).waitFor();
  await page.evaluate(async () => {
    const { id } = await (await fetch('/api/drive/stat?path=/Documents')).json();
    const body = 'The cat sat\non the mat.\n';
    await fetch(`/api/drive/files?parent=${id}&name=cat.txt`, { method: 'PUT', body, headers: { 'x-requested-by': 'freehold' } });
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

/** The same screen wide and narrow, in light and dark; nothing may be wider than the screen, and axe finds nothing. */
async function looksGood(name: string) {
  for (const size of ['desktop', 'phone'] as const) {
    await page.setViewportSize(screens[size]);
    for (const colorScheme of ['dark', 'light'] as const) {
      await page.emulateMedia({ colorScheme });
      // Colours fade from one theme to the other.
      await setTimeout(250);
      await picture(`${name}-${size}-${colorScheme}`);
      const { violations } = await new AxeBuilder({ page }).analyze();
      assert.deepEqual(
        violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`.slice(0, 300)),
        [],
        `${name}, ${size}, ${colorScheme}`,
      );
    }
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.equal(overflow, 0, `${name}, ${size}: nothing is wider than the screen`);
  }
  await page.setViewportSize(screens.desktop);
}

async function start(name: string) {
  await page.getByRole('button', { name: 'Launcher' }).click();
  await page.getByRole('menuitem', { name }).click();
}

test('the calculator computes on the node, by mouse and by keyboard', { skip }, async () => {
  verifies('cloud.wasm.core');
  await start('Calculator');
  const calculator = page.getByRole('group', { name: 'Calculator' });
  const result = calculator.getByRole('status', { name: 'Result' });
  const asked: string[] = [];
  page.on('request', (request) => {
    if (request.url().endsWith('/api/run')) asked.push(String(request.postDataJSON().entry));
  });
  for (const key of ['5', 'Add', '3', 'Equals']) await calculator.getByRole('button', { name: key, exact: true }).click();
  await result.getByText('8', { exact: true }).waitFor();
  await calculator.getByText(/^Computed on your node in /).waitFor();
  await page.keyboard.press('Escape');
  await page.keyboard.type('1.5*4-2/8=');
  await result.getByText('0.5', { exact: true }).waitFor();
  assert.deepEqual(asked, ['add', 'multiply', 'subtract', 'divide']);
  await page.keyboard.type('/0');
  await calculator.getByRole('button', { name: 'Equals' }).focus();
  await page.keyboard.press('Enter');
  await result.getByText('∞').waitFor();
  await page.keyboard.type('12345.678*');
  await looksGood('calculator');
  await page.getByRole('button', { name: 'Close' }).click();
});

test('the file processor reads a file of the drive and writes its result beside it, a new version each time', { skip }, async () => {
  verifies('cloud.wasm.wasi', 'compute.mounts.commit');
  await start('File processor');
  await looksGood('file-processor-empty');
  await page.getByRole('button', { name: 'Choose a file' }).click();
  const dialog = page.getByRole('dialog', { name: 'Choose a file' });
  await dialog.getByRole('button', { name: 'Documents' }).click();
  await dialog.getByRole('button', { name: 'cat.txt' }).waitFor();
  await looksGood('file-processor-choose');
  await dialog.getByRole('button', { name: 'cat.txt' }).click();
  await page.getByText('The program is given the folder “Documents” to read and change.').waitFor();
  await page.getByRole('button', { name: 'Count', exact: true }).click();
  await page.getByRole('region', { name: 'Result' }).getByText('24', { exact: true }).waitFor();
  await looksGood('file-processor');
  await page.getByRole('combobox', { name: 'Count' }).selectOption('Words');
  await page.getByRole('textbox', { name: 'Write the result to' }).press('Enter');
  await page.getByRole('region', { name: 'Result' }).getByText('24', { exact: true }).waitFor({ state: 'detached' });
  await page.getByRole('region', { name: 'Result' }).getByText('6', { exact: true }).waitFor();
  const { content, numbers } = await page.evaluate(async () => {
    const { id } = await (await fetch('/api/drive/stat?path=/Documents/cat.counts.txt')).json();
    const { versions } = await (await fetch(`/api/drive/entries/${id}/versions`)).json();
    const content = await (await fetch(`/api/drive/files/${id}/content`)).text();
    return { content, numbers: versions.map(({ number }: { number: number }) => number) };
  });
  assert.deepEqual([content, numbers], ['words: 6\n', [1]]);
  await page.getByRole('button', { name: 'Open the result' }).click();
  await page.getByLabel('Text of cat.counts.txt').getByText('words: 6').waitFor();
});

test('the environment reader shows all that a program sees, and no more', { skip }, async () => {
  verifies('cloud.wasm.wasi', 'cloud.wasm.scope');
  await start('Environment reader');
  await page.getByText('GREETING=from the desktop').waitFor();
  assert.equal(await page.getByText('/documents', { exact: true }).count(), 0);
  await page.getByRole('checkbox', { name: 'Give it Documents to read' }).check();
  await page.getByText('/documents', { exact: true }).waitFor();
  await looksGood('environment-reader');
});
