import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { access, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { withoutCompiler } from '../testing/native/workshop.ts';
import { prepareRunner, sourceDirectory, sourceHash } from './binary.ts';
import type { PrebuiltManifest } from './binary.ts';
import { inspectElf } from './elf.ts';

const log = () => {};

describe('the binaries of the native sandbox', () => {
  let directory: string;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'freehold-binary-'));
  });
  after(() => rm(directory, { recursive: true, force: true }));

  test('the prebuilt ones were made from this source and not altered since', async () => {
    const manifest: PrebuiltManifest = JSON.parse(await readFile(join(sourceDirectory, 'prebuilt/manifest.json'), 'utf8'));
    assert.equal(manifest.sourceSha256, await sourceHash(), 'run: node packages/compute/runner/build-prebuilt.ts');
    assert.deepEqual(Object.keys(manifest.binaries).sort(), [
      'linux-arm64/probe',
      'linux-arm64/runner',
      'linux-x64/probe',
      'linux-x64/runner',
    ]);
    for (const [name, { sha256 }] of Object.entries(manifest.binaries)) {
      const bytes = await readFile(join(sourceDirectory, 'prebuilt', name));
      assert.equal(createHash('sha256').update(bytes).digest('hex'), sha256, name);
      assert.ok(bytes.length < 1_000_000, `${name} has ${bytes.length} bytes`);
      assert.deepEqual(inspectElf(bytes), { arch: name.split('/')[0], static: true });
    }
  });

  test('are compiled once, also when two start at the same time', { skip: withoutCompiler }, async () => {
    const cacheDirectory = join(directory, 'compiled');
    const events: unknown[] = [];
    const prepare = () => prepareRunner({ cacheDirectory, log: (_event, { from }) => events.push(from) });
    const [one, two] = await Promise.all([prepare(), prepare()]);
    assert.deepEqual(one, two);
    const built = events.length;
    assert.deepEqual(await prepare(), one);
    assert.equal(events.length, built);
    assert.ok(events.every((from) => from === 'source'));
    assert.equal((await readdir(cacheDirectory)).length, 1);
    assert.ok('path' in one);
    await access(one.path);
  });

  test('come prebuilt where there is no compiler', { skip: process.platform !== 'linux' && 'Linux only' }, async () => {
    const events: unknown[] = [];
    const prepared = await prepareRunner({
      cacheDirectory: join(directory, 'prebuilt'),
      compiler: 'no-such-compiler',
      log: (_event, { from }) => events.push(from),
    });
    assert.ok('path' in prepared, JSON.stringify(prepared));
    assert.deepEqual(events, ['prebuilt']);
  });

  test(
    'are refused with what to do when there is neither a compiler nor a prebuilt binary',
    { skip: process.platform !== 'linux' && 'Linux only' },
    async () => {
      const prepared = await prepareRunner({
        cacheDirectory: join(directory, 'none'),
        compiler: 'no-such-compiler',
        prebuiltDirectory: directory,
        log,
      });
      assert.ok('unavailable' in prepared);
      assert.match(prepared.unavailable, /there is no C compiler \(no-such-compiler\).*apt install gcc libc6-dev/);
      assert.deepEqual(await readdir(join(directory, 'none')), []);
    },
  );
});
