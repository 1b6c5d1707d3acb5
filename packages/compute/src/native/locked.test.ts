import assert from 'node:assert/strict';
import { once } from 'node:events';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openWorkshop, withoutCompiler } from '../testing/native/workshop.ts';
import type { Workshop } from '../testing/native/workshop.ts';
import { refusedExitCode, spawnLocked } from './locked.ts';

const attempts = fileURLToPath(new URL('../testing/native/locked-program.ts', import.meta.url));

describe('a long-lived program behind the launcher', { skip: withoutCompiler }, () => {
  let workshop: Workshop;
  let folder: string;
  before(async () => {
    workshop = await openWorkshop();
    folder = join(workshop.directory, 'host');
    await mkdir(folder);
    await cp(attempts, join(folder, 'program.ts'));
    await writeFile(join(workshop.directory, 'secret'), 'secret');
  });
  after(() => workshop?.close());

  const start = async (without: readonly ('namespaces' | 'landlock')[]) => {
    const child = spawnLocked({
      runner: workshop.binary,
      program: process.execPath,
      args: [join(folder, 'program.ts'), join(workshop.directory, 'secret'), String(process.pid)],
      read: [folder],
      env: { GIVEN: 'this' },
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      without,
    });
    const said: string[] = [];
    child.stdout?.on('data', (chunk) => said.push(String(chunk)));
    child.stderr?.on('data', (chunk) => said.push(String(chunk)));
    const [code, signal] = await once(child, 'close');
    return { code, signal, said: said.join('') };
  };

  for (const without of [[], ['namespaces'], ['landlock']] as const) {
    test(`computes with threads and WebAssembly, and can do nothing else, with ${without.length === 0 ? 'every means' : `no ${without[0]}`}`, async () => {
      const { code, said } = await start(without);
      assert.equal(code, 0, said);
      const outcome: Record<string, string> = JSON.parse(said);
      const { own, worker, wasm, environment, ...forbidden } = outcome;
      assert.deepEqual({ own, worker, wasm }, { own: 'ok', worker: 'ok', wasm: 'ok' });
      assert.equal(environment, 'GIVEN,OPENSSL_CONF');
      assert.equal(Object.keys(forbidden).length, 13);
      for (const [name, result] of Object.entries(forbidden))
        assert.match(result, /^(EACCES|EPERM|ENOENT|EROFS|ESRCH|EAFNOSUPPORT)$/, name);
    });
  }

  test('is not started where nothing can confine it', async () => {
    const { code, said } = await start(['namespaces', 'landlock']);
    assert.equal(code, refusedExitCode);
    assert.match(said, /^REFUSED: neither user namespaces nor Landlock/);
  });
});
