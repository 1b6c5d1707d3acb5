import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { defaultLimits, programInfo, toolProposal } from '@freehold/protocol';
import { buildComponent, buildHandler } from '../../compute/src/testing/wasm/build-component.ts';
import { verifies } from '../../../requirements/verifies.ts';
import { expectJson, sell, startTestNode, type Person, type TestNode } from './testing/test-node.ts';

describe('WASI 0.2 components over HTTP', () => {
  let node: TestNode;
  let seller: Person;

  before(async () => {
    node = await startTestNode();
    seller = await node.signIn();
  });
  after(() => node?.end());

  test('a handler of HTTP requests is sold as a CGI function', async () => {
    verifies('compute.wasm.components');
    const offer = { program: await buildHandler('http'), name: 'handler', amount: '0', vary: ['accept-language'] };
    await sell(node, seller, { ...offer, limits: { ...defaultLimits, outputBytes: 100_000 } });
    const response = await fetch(new URL('/handler.cgi/hello/there?x=1', node.url), {
      method: 'POST',
      body: 'hello',
      headers: { 'accept-language': 'de', 'x-other': 'not passed on' },
    });
    assert.equal(response.status, 203);
    assert.equal(response.headers.get('x-made-by'), 'a component');
    assert.equal(await response.text(), 'post /hello/there?x=1\nlanguage de\nbody hello\n');
    assert.match(response.headers.get('content-security-policy') ?? '', /^sandbox/);
    assert.equal((await fetch(new URL('/handler.cgi/error', node.url))).status, 502);
    assert.equal((await fetch(new URL('/handler.cgi/nothing', node.url))).status, 502);
  });

  test('a command is sold as a CGI function, as a tool, and as a batch program', async () => {
    verifies('compute.wasm.components');
    await sell(node, seller, { program: await buildComponent('streams'), name: 'pages', amount: '0', args: ['once'], deterministic: true });
    const once = async () => fetch(new URL('/pages.cgi', node.url));
    assert.equal(await (await once()).text(), 'hello\n');
    assert.match((await once()).headers.get('x-freehold-task') ?? '', /cached=1/);

    const program = await buildComponent('shout');
    const { cid, kind } = programInfo.parse(
      await expectJson(await seller.fetch('/api/programs', { method: 'PUT', body: Buffer.from(program) })),
    );
    assert.equal(kind, 'component');
    const { tool } = toolProposal.parse(
      await expectJson(await seller.fetch(`/api/programs/${cid}/describe`, { method: 'POST', json: {} })),
    );
    await sell(node, seller, { program, name: 'shout', interface: 'tool', tool, amount: '0' });
    const said = await fetch(new URL('/shout.tool', node.url), {
      method: 'POST',
      body: '{"text":"louder"}',
      headers: { 'content-type': 'application/json' },
    });
    assert.equal(await said.text(), '"LOUDER"\n');

    const batch = { program: await buildComponent('guest'), interface: 'batch', name: 'lines', amount: '0' } as const;
    await sell(node, seller, { ...batch, open: { args: true, env: ['A'], input: true } });
    const begun = await fetch(new URL('/lines/run/5', node.url), {
      method: 'POST',
      redirect: 'manual',
      body: JSON.stringify({ args: ['hello', 'you'], env: { A: '1' }, stdin: 'in' }),
    });
    const location = begun.headers.get('location');
    assert.ok(location, await begun.text());
    for (;;) {
      const output = await fetch(new URL(location.replace('?', '/stdout?'), node.url));
      if (output.status === 425) await setTimeout(50);
      else {
        assert.equal((await expectJson(output)).content, 'arguments function,hello,you\nenvironment A=1\ninput in\n');
        break;
      }
    }
  });

  test('a command runs on folders of a drive', async () => {
    verifies('compute.wasm.components', 'compute.mounts.commit');
    const documents: string = (await expectJson(await seller.fetch('/api/drive/stat?path=/Documents'))).id;
    const { id } = await expectJson(
      await seller.fetch('/api/drive/folders', { method: 'POST', json: { parent: documents, name: 'given' } }),
    );
    await seller.fetch(`/api/drive/files?parent=${id}&name=note.txt`, { method: 'PUT', body: 'a note' });
    const bytes = Buffer.from(await buildComponent('drive')).toString('base64');
    const ran = await expectJson(
      await seller.fetch('/api/run', {
        method: 'POST',
        json: { bytes, args: ['append', 'data/note.txt', ' and more'], mounts: [{ path: '/data', folder: id, mode: 'write' }] },
      }),
    );
    assert.deepEqual([ran.reason, ran.exitCode, ran.changed], ['exit', 0, 1], JSON.stringify(ran));
    const note = await expectJson(await seller.fetch('/api/drive/stat?path=/Documents/given/note.txt'));
    assert.equal(await (await seller.fetch(`/api/drive/files/${note.id}/content`)).text(), 'a note and more');
  });

  test('what cannot be kept to is refused when it is published', async () => {
    verifies('compute.wasm.components');
    const metered = sell(node, seller, {
      program: await buildComponent('streams'),
      name: 'metered',
      limits: { ...defaultLimits, fuel: 1_000_000 },
    });
    await assert.rejects(metered, /instructions of WebAssembly components are not counted/);
    const bytes = Buffer.from(await buildComponent('streams'));
    for (let at = bytes.indexOf('wasi:cli/run@'); at >= 0; at = bytes.indexOf('wasi:cli/run@', at + 1)) bytes.write('wasi:cli/ran@', at);
    const refused = await seller.fetch('/api/programs', { method: 'PUT', body: bytes });
    assert.equal(refused.status, 422);
    assert.match(await refused.text(), /exports neither wasi:cli\/run nor wasi:http\/incoming-handler/);
  });
});
