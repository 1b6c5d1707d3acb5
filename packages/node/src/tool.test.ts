import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { paymentSignatureHeader, programInfo, toolProposal } from '@freehold/protocol';
import { verifies } from '../../../requirements/verifies.ts';
import { paymentFor, termsOf } from './testing/pay.ts';
import { expectJson, sell, startTestNode, type Person, type TestNode } from './testing/test-node.ts';

const withoutCompiler = (() => {
  try {
    return execFileSync('cc', ['--version']).length === 0;
  } catch {
    return 'no C compiler (cc) on this machine';
  }
})();

describe('a tool over HTTP', { skip: withoutCompiler }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'freehold-tool-'));
  let node: TestNode;
  let seller: Person;

  before(async () => {
    node = await startTestNode();
    seller = await node.signIn();
    const source = fileURLToPath(new URL('../../compute/src/testing/tool/guest.c', import.meta.url));
    const file = join(directory, 'guest');
    execFileSync('cc', ['-O1', '-Wall', '-static', '-o', file, source]);
    const program = readFileSync(file);
    const { cid } = programInfo.parse(await expectJson(await seller.fetch('/api/programs', { method: 'PUT', body: program })));
    const { tool } = toolProposal.parse(
      await expectJson(await seller.fetch(`/api/programs/${cid}/describe`, { method: 'POST', json: {} })),
    );
    await sell(node, seller, { program, name: 'shout', interface: 'tool', tool, amount: '0' });
    await sell(node, seller, { program, name: 'shout-paid', interface: 'tool', tool });
  });
  after(async () => {
    await node?.end();
    rmSync(directory, { recursive: true, force: true });
  });

  const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
    fetch(new URL(path, node.url), {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', ...headers },
    });

  const codeOf = async (response: Response) => JSON.parse(await response.text()).error.code;

  test('is described by GET and called by POST, at both of its addresses', async () => {
    verifies('compute.tool.http');
    for (const path of ['/shout.tool', '/shout.cgi']) {
      const said = await expectJson(await fetch(new URL(path, node.url)));
      assert.deepEqual([said.contract, said.name, said.inputSchema.required], ['tool/1', 'shout', ['text']]);
      const answer = await post(path, { text: 'hello' });
      assert.equal(answer.headers.get('content-type'), 'application/json');
      assert.deepEqual([answer.status, await answer.json()], [200, 'HELLO']);
    }
    const refused = await post('/shout.tool', { text: 'refuse' });
    assert.deepEqual([refused.status, await codeOf(refused)], [404, 'not_found']);
    const unfit = await post('/shout.tool', { text: 5 });
    assert.deepEqual([unfit.status, await codeOf(unfit)], [400, 'request_invalid']);
  });

  test('is paid for when it answers, and not when it refuses', async () => {
    verifies('compute.tool.http');
    const payer = await node.payer();
    const had = await node.balanceOf(payer.address);
    const url = `${node.url}/shout-paid.tool`;
    const { token } = node.info;
    assert.ok(token);
    const buy = async (text: string) => {
      const terms = await termsOf(url, { method: 'POST', body: JSON.stringify({ text }) });
      return post('/shout-paid.tool', { text }, { [paymentSignatureHeader]: await paymentFor(payer, terms, token) });
    };
    assert.equal((await buy('refuse')).status, 404);
    assert.equal(await node.balanceOf(payer.address), had);
    assert.equal(await (await buy('hello')).json(), 'HELLO');
    assert.equal(await node.balanceOf(payer.address), had - 1000n);
  });
});
