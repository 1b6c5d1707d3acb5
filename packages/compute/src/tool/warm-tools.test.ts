import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { defaultLimits, zeroAddress, type Offer, type ProgramInfo } from '@freehold/protocol';
import { verifies } from '../../../../requirements/verifies.ts';
import type { Compute } from '../index.ts';
import { openTestNode } from '../testing/tool/open-test-node.ts';

const withoutPython = existsSync('/usr/bin/python3') ? false : 'no /usr/bin/python3 on this machine';

describe('a tool that is kept running', { skip: withoutPython }, () => {
  let node: Awaited<ReturnType<typeof openTestNode>>;
  let compute: Compute;
  let program: ProgramInfo;

  before(async () => {
    node = await openTestNode();
    ({ compute } = node);
    program = await compute.programs.add(createReadStream(fileURLToPath(new URL('../testing/tool/counter.py', import.meta.url))), {
      owner: zeroAddress,
    });
    assert.equal(program.refusal, null);
  });
  after(() => node?.close());

  async function publish(name: string, change: Partial<Offer> = {}) {
    const { tool } = await compute.tools.describe(program.cid, { args: change.args });
    const offer: Offer = {
      version: 1,
      name,
      interface: 'tool',
      programs: [{ runtime: program.runtime, cid: program.cid }],
      limits: { ...defaultLimits, memoryBytes: 128 * 1024 * 1024, wallMs: 2_000, outputBytes: 1024 * 1024 },
      tool,
      prices: [{ network: 'eip155:31337', asset: zeroAddress, amount: '0', payTo: zeroAddress }],
      owner: zeroAddress,
      createdAt: Date.now(),
      expiresAt: Date.now() + 3_600_000,
      ...change,
    };
    await compute.offers.publish({ offer, signature: '0x', caller: zeroAddress });
  }

  async function call(name: string, input: unknown) {
    const request = {
      method: 'POST',
      path: '',
      query: '',
      headers: {},
      server: { name: 'localhost', port: '4200', scheme: 'http' },
      remoteAddress: '127.0.0.1',
      protocol: 'HTTP/1.1',
    };
    const body = Buffer.from(typeof input === 'string' ? input : JSON.stringify(input));
    const plan = await compute.identify({ call: await compute.offers.callable(name), request, input: body });
    return compute.tasks.run(plan, { nonce: randomBytes(32) });
  }
  const answer = async (name: string, input: unknown) => {
    const { response, failure } = await call(name, input);
    return response ? { status: response.status, value: JSON.parse(String(response.body)) } : { failure: failure.message };
  };
  const count = async (name: string) => Number((await answer(name, { do: 'nothing' })).value?.calls);

  test('does not pay its start again', async () => {
    verifies('compute.tool.warm');
    await publish('warm');
    await publish('fresh', { args: ['fresh'] });
    const first = await count('warm');
    assert.deepEqual([await count('warm'), await count('warm')], [first + 1, first + 2]);
    assert.deepEqual([await count('fresh'), await count('fresh')], [1, 1]);
  });

  test('belongs to one offer, and no deterministic one has it', async () => {
    verifies('compute.tool.warm');
    await publish('one', { title: 'one' });
    await publish('two', { title: 'two' });
    await publish('same', { deterministic: true });
    const [one, two] = [await count('one'), await count('two')];
    assert.deepEqual([await count('one'), await count('two')], [one + 1, two + 1]);
    const { cached } = await call('same', { do: 'nothing', text: 'a' });
    assert.equal(cached, false);
    assert.deepEqual([await count('same'), Number((await answer('same', { do: 'nothing', text: 'b' })).value?.calls)], [1, 1]);
  });

  test('is ended by what its limits do not allow, and begins anew', async () => {
    verifies('compute.tool.warm');
    await publish('bad', { title: 'bad' });
    for (const [input, failure] of [
      [{ do: 'sleep' }, /took longer than its offer allows/],
      [{ do: 'exit' }, /did not keep to its interface\. It ended \(code 3\) before it had answered/],
      [{ do: 'garbage' }, /did not keep to its interface\. It wrote a line that answers no call/],
      [{ do: 'big' }, /wrote more than its offer allows/],
      [{ do: 'chatter' }, /wrote more than its offer allows/],
      [{ do: 'memory' }, /memory|crashed|It ended/],
    ] as const) {
      const [was, came] = [await count('bad'), await answer('bad', input)];
      assert.match(came.failure ?? JSON.stringify(came), failure);
      assert.ok(was >= 1);
      assert.equal(await count('bad'), 1, `after ${input.do}`);
    }
  });

  test('refuses, logs, and takes JSON as it is written', async () => {
    verifies('compute.tool.warm');
    await publish('plain', { title: 'plain' });
    assert.deepEqual(await answer('plain', { do: 'refuse' }), {
      status: 422,
      value: { error: { code: 'not_wanted', message: 'I do not want to' } },
    });
    const pretty = await answer('plain', '{\r\n  "do": "nothing",\n  "text": "a\\nb ü"\n}\n');
    assert.equal(pretty.value?.text, 'a\nb ü');
    const { response } = await call('plain', { do: 'number' });
    assert.match(String(response?.body), /12345678901234567890/);
    for (let turn = 0; turn < 50; turn++) await call('plain', { do: 'log' });
    const { task, response: logged } = await call('plain', { do: 'log' });
    assert.equal(logged?.status, 200);
    assert.equal(String((await compute.tasks.output(task))?.stderr).trim().length, 2000);
    assert.ok((await count('plain')) > 50);
  });

  test('a large input goes to a program of its own', async () => {
    verifies('compute.tool.warm');
    await publish('large', { title: 'large', limits: { ...defaultLimits, memoryBytes: 256 * 1024 * 1024 } });
    const before = await count('large');
    const { value } = await answer('large', { do: 'nothing', text: 'x'.repeat(2_000_000) });
    assert.deepEqual([value?.calls, value?.text.length], [1, 2_000_000]);
    assert.equal(await count('large'), before + 1);
  });

  test('many at once are all answered, each with its own', async () => {
    verifies('compute.tool.warm');
    await publish('busy', { title: 'busy' });
    const texts = Array.from({ length: 40 }, (_, index) => `call ${index}`);
    const answers = await Promise.all(texts.map((text) => answer('busy', { do: 'nothing', text })));
    assert.deepEqual(
      answers.map(({ value }) => value?.text),
      texts,
    );
  });
});
