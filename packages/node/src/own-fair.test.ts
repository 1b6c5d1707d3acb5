import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { verifies } from '../../../requirements/verifies.ts';
import { arithmetic } from './testing/modules.ts';
import { expectJson, sell, startTestNode, type Person, type TestNode } from './testing/test-node.ts';

let node: TestNode;
let owner: Person;

before(async () => {
  node = await startTestNode();
  owner = await node.signIn();
});
after(() => node.end());

test('members who keep the engine busy with programs of their own hold up neither calls of functions nor each other', async () => {
  verifies('compute.own.fair');
  await sell(node, owner, { program: arithmetic, name: 'sums', amount: '0' });
  const stop = new AbortController();
  const ended: string[] = [];
  const spin = async (person: Person, name: string, count: string) => {
    const json = { bytes: arithmetic.toString('base64'), entry: 'spin', args: [count] };
    const ran = await person.fetch('/api/run', { method: 'POST', json, signal: stop.signal }).catch(() => undefined);
    if (!ran) return;
    await expectJson(ran);
    ended.push(name);
  };
  const [greedy, modest] = [await node.letIn(owner, 'member'), await node.letIn(owner, 'member')];
  // Each of these takes seconds, and there are more of them than the node has places.
  const loops = Array.from({ length: 8 }, () => spin(greedy, 'greedy', '0'));
  await setTimeout(500);
  for (let call = 0; call < 5; call++)
    assert.equal(await (await fetch(new URL(`/sums.cgi/add?a=${call}&b=1`, node.url))).text(), `${call + 1}\n`);
  assert.deepEqual(ended, [], 'the calls did not wait for any of the loops');
  await spin(modest, 'modest', '1');
  assert.ok(ended.length <= 3, `of the other only those that were at it came before: ${ended.join()}`);
  stop.abort();
  await Promise.all(loops);
});
