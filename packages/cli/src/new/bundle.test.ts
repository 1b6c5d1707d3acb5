import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { verifies } from '../../../../requirements/verifies.ts';
import { openTestDir } from '../testing/run-command.ts';
import { readProgram } from './read-program.ts';

test('a TypeScript program becomes one module of itself and what it imports', async (t) => {
  verifies('compute.sdk.bundle');
  const text = async (file: string) => new TextDecoder().decode(await readProgram(file));
  const [one, two] = [openTestDir(t), openTestDir(t)];
  for (const directory of [one, two]) {
    writeFileSync(
      join(directory, 'words.ts'),
      'export const greet = (name: string): string => `Hello, ${name}!`;\nexport const unused = 1;\n',
    );
    writeFileSync(
      join(directory, 'main.ts'),
      "import { tool } from '@freehold/sdk';\nimport { greet } from './words.ts';\nexport default tool({ name: 'a', description: 'b', input: {} }).run(() => greet('Ada'));\n",
    );
  }
  const made = await text(join(one, 'main.ts'));
  assert.doesNotMatch(made, /^import /m);
  assert.doesNotMatch(made, /: string|unused|freehold-cli-/);
  // The same program wherever it lies.
  assert.equal(await text(join(two, 'main.ts')), made);
  const module = await import(`data:text/javascript,${encodeURIComponent(made)}`);
  assert.deepEqual(await module.default.call({}), { output: 'Hello, Ada!' });
});

test('what cannot be made into one module is told', async (t) => {
  verifies('compute.sdk.bundle');
  const directory = openTestDir(t);
  const main = join(directory, 'main.ts');
  for (const [source, said] of [
    ["import './missing.ts';", /main\.ts cannot be made into one module: .*missing\.ts/s],
    ["import 'no-such-package';\nexport default 1;", /cannot be made into one module: .*no-such-package/s],
    // Without the colours of a terminal.
    ['export default (;', /main\.ts cannot be made into one module[^\x1b]*$/],
  ] as const) {
    writeFileSync(main, source);
    await assert.rejects(readProgram(main), { message: said });
  }
  await assert.rejects(readProgram(join(directory, 'nothing.wasm')), /cannot be read/);
  mkdirSync(join(directory, 'folder.ts'));
  await assert.rejects(readProgram(join(directory, 'folder.ts')), /cannot be read/);
  writeFileSync(join(directory, 'script.py'), '#!/usr/bin/env python3\n');
  assert.equal((await readProgram(join(directory, 'script.py'))).length, 23);
});
