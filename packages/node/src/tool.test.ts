import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
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

const missing = withoutCompiler || (existsSync('/usr/bin/python3') ? false : 'no /usr/bin/python3 on this machine');

describe('a tool over HTTP', { skip: missing }, () => {
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

  test('tells how far it is while it runs, and then its result, to a caller who asks for events', async () => {
    verifies('compute.tool.progress');
    const listen = async (input: unknown) => {
      const response = await post('/counter.tool', input, { accept: 'text/event-stream', prefer: 'receipt' });
      const text = await response.text();
      const events = text
        .trim()
        .split('\n\n')
        .map((event) => /^event: (\w+)\ndata: (.*)$/.exec(event)?.slice(1) ?? [event]);
      return {
        status: response.status,
        type: response.headers.get('content-type'),
        events: events.map(([name, data]) => [name, JSON.parse(data ?? '""')]),
      };
    };
    for (const stream of [true, false]) {
      await offerCounter(stream);
      const { status, type, events } = await listen({ do: 'progress' });
      assert.deepEqual([status, type], [200, 'text/event-stream; charset=utf-8']);
      assert.deepEqual(events[0], ['progress', { progress: 0.5, message: 'half way' }]);
      assert.deepEqual([events[1]?.[0], events[2]?.[0], events.length], ['result', 'receipt', 3]);
      assert.ok(Number(Object(events[1]?.[1]).calls) >= 1);
      const refused = await listen({ do: 'refuse' });
      assert.deepEqual(refused.events[0], ['error', { code: 'not_wanted', message: 'I do not want to' }]);
    }
    const unfit = await post('/counter.tool', { wrong: 1 }, { accept: 'text/event-stream' });
    assert.equal(unfit.status, 400);
    assert.match(unfit.headers.get('content-type') ?? '', /^application\/json/);
    assert.deepEqual(await (await post('/counter.tool', { do: 'refuse' })).json(), {
      error: { code: 'not_wanted', message: 'I do not want to' },
    });
  });

  async function offerCounter(stream: boolean) {
    const program = readFileSync(fileURLToPath(new URL('../../compute/src/testing/tool/counter.py', import.meta.url)));
    const args = stream ? [] : ['fresh'];
    const { cid } = programInfo.parse(await expectJson(await seller.fetch('/api/programs', { method: 'PUT', body: program })));
    const { tool } = toolProposal.parse(
      await expectJson(await seller.fetch(`/api/programs/${cid}/describe`, { method: 'POST', json: { args } })),
    );
    await sell(node, seller, { program, name: 'counter', interface: 'tool', tool, args, amount: '0' });
  }
});
