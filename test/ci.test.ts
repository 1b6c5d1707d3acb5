import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { test } from 'node:test';
import { root, temporaryDirectory } from './harness/node-process.ts';

/** Runs `.ci/run` with an npm whose two commands say and end as told. */
function runCi({ tests, peers }: { tests: string; peers: string }) {
  const place = temporaryDirectory();
  try {
    const npm = join(place.path, 'npm');
    writeFileSync(npm, `#!/bin/sh\ncase "$*" in *--missing*) echo "";; *test:peers*) ${peers};; *) ${tests};; esac\n`);
    chmodSync(npm, 0o755);
    const { status, stdout } = spawnSync(join(root, '.ci/run'), {
      encoding: 'utf8',
      env: { ...process.env, PATH: place.path + delimiter + process.env['PATH'] },
    });
    return { status, last: stdout.trimEnd().split('\n').at(-1) };
  } finally {
    place.remove();
  }
}

test('the last line of CI sums the tests and the judges, and a part that does not count is a failure', () => {
  assert.deepEqual(runCi({ tests: 'echo "40 passed, 0 failed, 2 skipped"', peers: 'echo "5 passed, 0 failed"' }), {
    status: 0,
    last: '45 passed, 0 failed',
  });
  assert.deepEqual(runCi({ tests: 'echo "40 passed, 3 failed"; exit 1', peers: 'echo "5 passed, 1 failed"; exit 1' }), {
    status: 1,
    last: '45 passed, 4 failed',
  });
  assert.deepEqual(runCi({ tests: 'echo crash; exit 7', peers: 'echo "5 passed, 0 failed"' }), { status: 1, last: '5 passed, 1 failed' });
  assert.deepEqual(runCi({ tests: 'echo "1 passed, 0 failed"; exit 1', peers: 'exit 0' }), { status: 1, last: '1 passed, 2 failed' });
  assert.deepEqual(runCi({ tests: 'exit 0', peers: 'exit 0' }), { status: 1, last: '0 passed, 2 failed' });
});
