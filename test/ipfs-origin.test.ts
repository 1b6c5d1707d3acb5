import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { expectJson, startTestNode, type TestNode } from '../packages/node/src/testing/test-node.ts';
import { verifies } from '../requirements/verifies.ts';
import { launchBrowser } from './harness/browser.ts';

const launched = await launchBrowser();
const skip = 'missing' in launched ? launched.missing : false;
let browser: Browser;
let node: TestNode;
let root: string;
let token: string;

before(async () => {
  if ('missing' in launched) return;
  browser = launched.browser;
  node = await startTestNode();
  const alice = await node.signIn();
  token = alice.token;
  const { id: parent } = await expectJson(await alice.fetch('/api/drive/root'));
  const { id } = await expectJson(await alice.fetch('/api/drive/folders', { method: 'POST', json: { parent, name: 'site' } }));
  const upload = (name: string, body: string) => alice.fetch(`/api/drive/files?parent=${id}&name=${name}`, { method: 'PUT', body });
  await expectJson(await upload('index.html', '<!doctype html><title>still</title><script src="script.js"></script><h1>Site</h1>'));
  await expectJson(await upload('script.js', 'document.title = "ran"'));
  ({ root } = await expectJson(await alice.fetch('/api/drive/publications', { method: 'POST', json: { entry: id } })));
});
after(async () => {
  await browser?.close();
  await node?.end();
});

test(
  'a published page does not run on the origin of the desktop, and runs on one of its own that reaches nothing of the node',
  { skip },
  async () => {
    verifies('drive.ipfs.origin', 'foundation.origin');
    const { port } = new URL(node.url);
    const desktop = `http://localhost:${port}`;
    const context = await browser.newContext();
    await context.addCookies([{ name: 'freehold_session', value: token, url: desktop, httpOnly: true, sameSite: 'Lax' }]);
    const page = await context.newPage();

    await page.goto(`http://127.0.0.1:${port}/ipfs/${root}/`);
    assert.equal(await page.title(), 'still', 'by path nothing runs');
    assert.equal(await page.locator('h1').textContent(), 'Site');

    const sent: { host: string; cookie: string | undefined }[] = [];
    page.on(
      'request',
      (request) => void request.allHeaders().then(({ cookie }) => sent.push({ host: new URL(request.url()).hostname, cookie })),
    );
    await page.goto(`${desktop}/ipfs/${root}/`);
    assert.equal(new URL(page.url()).hostname, `${root}.ipfs.localhost`, 'a person is led to the origin of the content');
    assert.equal(await page.title(), 'ran', 'there it runs');
    assert.equal(await page.evaluate('document.cookie'), '');
    const reach = (path: string) =>
      page.evaluate(
        `fetch(${JSON.stringify(desktop + path)}, { credentials: 'include' }).then((answer) => answer.text(), () => 'refused')`,
      );
    for (const path of ['/api/drive/root', '/api/node', '/api/drive/publications']) assert.equal(await reach(path), 'refused', path);
    assert.doesNotMatch(
      String(await page.evaluate("fetch('/api/node').then((answer) => answer.text())")),
      /freehold"/,
      'nor under its own host',
    );
    const before = await context.cookies(desktop);
    await page.evaluate("document.cookie = 'freehold_session=evil; domain=localhost; path=/'");
    assert.deepEqual(await context.cookies(desktop), before, 'it sets no cookie for the desktop');
    await context.close();
    const toSite = sent.filter(({ host }) => host.endsWith('.ipfs.localhost'));
    assert.ok(toSite.length >= 3);
    assert.ok(
      toSite.every(({ cookie }) => cookie === undefined),
      'the session never reaches the site',
    );
  },
);
