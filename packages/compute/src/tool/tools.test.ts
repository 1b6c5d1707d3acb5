import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { defaultLimits, zeroAddress, type Offer, type ProgramInfo } from '@freehold/protocol';
import { verifies } from '../../../../requirements/verifies.ts';
import type { Compute } from '../index.ts';
import { withoutCompiler } from '../testing/native/workshop.ts';
import { openTestNode } from '../testing/tool/open-test-node.ts';

describe('a tool', { skip: withoutCompiler }, () => {
  let node: Awaited<ReturnType<typeof openTestNode>>;
  let compute: Compute;
  let program: ProgramInfo;

  before(async () => {
    node = await openTestNode();
    ({ compute } = node);
    const source = fileURLToPath(new URL('../testing/tool/guest.c', import.meta.url));
    execFileSync('cc', ['-O1', '-Wall', '-static', '-o', join(node.directory, 'guest'), source]);
    program = await compute.programs.add(createReadStream(join(node.directory, 'guest')), { owner: zeroAddress });
  });
  after(() => node?.close());

  async function publish(change: Partial<Offer> = {}) {
    const { tool } = await compute.tools.describe(program.cid, { args: change.args });
    const offer: Offer = {
      version: 1,
      name: 'shout',
      interface: 'tool',
      programs: [{ runtime: program.runtime, cid: program.cid }],
      limits: defaultLimits,
      tool,
      prices: [{ network: 'eip155:31337', asset: zeroAddress, amount: '0', payTo: zeroAddress }],
      owner: zeroAddress,
      createdAt: Date.now(),
      expiresAt: Date.now() + 3_600_000,
      ...change,
    };
    return compute.offers.publish({ offer, signature: '0x', caller: zeroAddress });
  }

  async function call(input: string, { method = 'POST', path = '' } = {}) {
    const request = {
      method,
      path,
      query: '',
      headers: { cookie: 'session=secret' },
      server: { name: 'localhost', port: '4200', scheme: 'http' },
      remoteAddress: '127.0.0.1',
    };
    const plan = await compute.identify({ call: await compute.offers.callable('shout'), request, input: Buffer.from(input) });
    return compute.tasks.run(plan, { nonce: randomBytes(32) });
  }

  test('is asked in the sandbox what it is, and says what it asks for', async () => {
    verifies('fn.mcp.builder');
    const { name, tool, limits } = await compute.tools.describe(program.cid, {});
    assert.equal(name, 'shout');
    assert.equal(tool.title, 'Shout');
    assert.deepEqual(tool.inputSchema['required'], ['text']);
    assert.deepEqual(limits, { memoryBytes: 32 * 1024 * 1024, wallMs: 3000 });
  });

  test('that does not say what it is is refused with what it did instead', async () => {
    await assert.rejects(compute.tools.describe(program.cid, { args: ['silent'] }), /did not say: it ended with code 3/);
    await assert.rejects(compute.tools.describe(program.cid, { args: ['chatty'] }), /did not say: it printed no JSON but "I am a tool/);
  });

  test('goes live only when its examples come true', async () => {
    verifies('compute.tool.smoke');
    await assert.rejects(publish({ args: ['wrong'] }), {
      code: 'offer_invalid',
      message: /Example 1 did not come true in the sandbox\. For \{"text":"hello"\} came "HELLO", and "GOODBYE" was expected\./,
    });
    await assert.rejects(compute.offers.callable('shout'), { code: 'offer_not_found' });
    assert.equal((await publish()).state, 'live');
  });

  test('cannot be sold as something else than it says it is', async () => {
    verifies('compute.tool.describe');
    const { tool } = await compute.tools.describe(program.cid, {});
    await assert.rejects(publish({ tool: { ...tool, description: 'Mines gold' } }), /another "description" than the program itself/);
    await assert.rejects(publish({ tool: undefined }), /needs "tool"/);
    await assert.rejects(publish({ vary: ['accept'] }), /leave "vary" out/);
    await assert.rejects(publish({ interface: 'cgi' }), /Only an offer with the interface "tool"/);
  });

  test('takes JSON and answers JSON; what does not fit its schema is refused before anything runs', async () => {
    verifies('compute.tool.call');
    await publish();
    const { response, task } = await call('{"text":"so what!"}');
    assert.deepEqual(
      [response?.status, response?.headers, response?.body.toString()],
      [200, [['content-type', 'application/json']], '"SO WHAT!"\n'],
    );
    assert.equal((await compute.tasks.get(task)).state, 'done');
    for (const [input, message] of [
      ['{"text":7}', /The input does not fit shout: \/text must be string/],
      ['{}', /must have required property 'text'/],
      ['{"text":', /it is not JSON/],
      ['', /it is not JSON/],
      [JSON.stringify({ text: 'x'.repeat(101) }), /\/text must NOT have more than 100 characters/],
    ] as const)
      await assert.rejects(call(input), { code: 'request_invalid', status: 400, message });
    await assert.rejects(call('{"text":"a"}', { method: 'PUT' }), { status: 405 });
    await assert.rejects(call('{"text":"a"}', { path: '/deeper' }), { status: 404 });
  });

  test('refuses with a code that has its HTTP status, and fails when it breaks its promise', async () => {
    verifies('compute.tool.errors');
    await publish();
    const refused = await call('{"text":"refuse"}');
    assert.equal(refused.response?.status, 404);
    assert.deepEqual(JSON.parse(String(refused.response.body)), {
      error: { code: 'not_found', message: 'There is no such word.', data: { word: 'refuse' } },
    });
    assert.equal((await compute.tasks.get(refused.task)).state, 'failed');
    const broken = await call('{"text":"promise"}');
    assert.match(broken.failure?.message ?? '', /Its output does not fit what it promises: it must match pattern/);
    const crashed = await call('{"text":"crash"}');
    assert.match(crashed.failure?.message ?? '', /The program crashed\./);
  });

  test('sees its call, its time and nothing else', async () => {
    verifies('compute.tool.environment');
    await publish();
    const { task } = await call('{"text":"who"}');
    const { stderr } = (await compute.tasks.output(task)) ?? {};
    assert.deepEqual(String(stderr).trim().split('\n'), [
      `TOOL_CALL_ID=${task}`,
      `TOOL_DEADLINE_MS=${defaultLimits.wallMs}`,
      'TOOL_SCRATCH=-',
      'TOOL_PAYER=-',
      'REMOTE_ADDR=-',
      'HTTP_COOKIE=-',
      'PATH=-',
    ]);
  });
});
