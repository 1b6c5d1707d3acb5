import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { programInfo, toolProposal } from '@freehold/protocol';
import { verifies } from '../../../requirements/verifies.ts';
import { expectJson, sell, startTestNode, type Person, type TestNode } from './testing/test-node.ts';

describe('JavaScript over HTTP', () => {
  let node: TestNode;
  let seller: Person;

  before(async () => {
    node = await startTestNode();
    seller = await node.signIn();
  });
  after(() => node?.end());

  test('a module is published and called', async () => {
    verifies('compute.javascript.call');
    const program = Buffer.from(`export default { async fetch(request) {
      const { pathname, searchParams } = new URL(request.url);
      return Response.json({ method: request.method, pathname, q: searchParams.get('q'), body: await request.text() }, { status: 201 });
    } }`);
    await sell(node, seller, { program, name: 'echo', amount: '0' });
    const response = await fetch(new URL('/echo.cgi/a/b?q=7', node.url), { method: 'POST', body: 'hello' });
    assert.equal(response.status, 201);
    assert.deepEqual(await response.json(), { method: 'POST', pathname: '/a/b', q: '7', body: 'hello' });
    assert.match(response.headers.get('content-security-policy') ?? '', /^sandbox/);
  });

  test('a tool in one file is asked what it is, and called', async () => {
    verifies('compute.javascript.call');
    const program = Buffer.from(`import { tool } from '@freehold/sdk';
      export default tool({ name: 'add', description: 'Adds', input: { type: 'object', properties: { a: { type: 'number' }, b: { type: 'number' } }, required: ['a', 'b'] }, output: { type: 'number' },
        examples: [{ input: { a: 1, b: 2 }, output: 3 }] }).run(({ a, b }) => a + b);`);
    const { cid, runtime } = programInfo.parse(await expectJson(await seller.fetch('/api/programs', { method: 'PUT', body: program })));
    assert.equal(runtime, 'javascript');
    const { tool } = toolProposal.parse(
      await expectJson(await seller.fetch(`/api/programs/${cid}/describe`, { method: 'POST', json: {} })),
    );
    await sell(node, seller, { program, name: 'add', interface: 'tool', tool, amount: '0' });
    const response = await fetch(new URL('/add.tool', node.url), {
      method: 'POST',
      body: '{"a":40,"b":2}',
      headers: { 'content-type': 'application/json' },
    });
    assert.equal(await response.text(), '42\n');
  });

  test('text that is no module is refused with what is wrong with it', async () => {
    verifies('compute.javascript.call');
    for (const [text, why] of [
      ['x'.repeat(1000), /It exports nothing to call: write/],
      ['This is no program.', /taken for a JavaScript module\. It is no JavaScript module that can be run: Unexpected identifier/],
      [`import left from 'left-pad'; export default left`, /It imports .{1,2}left-pad.{1,2}, which is not there/],
    ] as const) {
      const response = await seller.fetch('/api/programs', { method: 'PUT', body: Buffer.from(text) });
      assert.equal(response.status, 422);
      assert.match(await response.text(), why);
    }
  });
});
