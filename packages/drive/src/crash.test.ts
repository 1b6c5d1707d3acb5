import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { openDatabase } from '@freehold/database';
import { verifies } from '../../../requirements/verifies.ts';
import { openDrive } from './drive.ts';
import { keyStream, sha256Of } from './testing/key-stream.ts';
import { filesBelow } from './testing/temporary-drive.ts';

const rounds = process.env['FREEHOLD_LONG'] === '1' ? 100 : 10;

/** Runs the child until the kill and answers its lines. */
async function runUntilKilled(directory: string, round: number): Promise<string[]> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'testing', 'crash-child.ts'), directory, `${round}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout });
  const ended = once(reader, 'close');
  reader.on('line', (line) => lines.push(line));
  await Promise.race([once(reader, 'line'), exited]);
  await wait(20 + ((round * 37) % 200));
  child.kill('SIGKILL');
  const [, signal] = await exited;
  assert.equal(signal, 'SIGKILL', 'the child must live until it is killed');
  await ended;
  return lines;
}

test('kill -9 during parallel uploads: what was acknowledged is intact, nothing dangles, the rest is swept', async (t) => {
  verifies('foundation.drive.crash');
  const directory = mkdtempSync(join(tmpdir(), 'freehold-drive-crash-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  /** Acknowledged content of each entry; undefined while a change to it was under way. */
  const acknowledged = new Map<string, { seed: string; size: number } | undefined>();
  let leftovers = 0;
  let files = 0;

  for (let round = 0; round < rounds; round++) {
    for (const line of await runUntilKilled(directory, round)) {
      const [what, id = '', seed = '', size = ''] = line.split(' ');
      acknowledged.set(id, what === 'wrote' ? { seed, size: Number(size) } : undefined);
    }
    leftovers += filesBelow(directory).filter((path) => path.includes('/uploads/')).length;

    const database = await openDatabase({ path: join(directory, 'node.db') });
    const drive = openDrive({ database, directory, log: () => {}, options: { grace: 0 } });
    await drive.start();
    await drive.sweep();
    assert.deepEqual(await drive.audit({ rehash: round === rounds - 1 }), [], `round ${round}`);

    const alice = drive.of('alice');
    for (const [id, content] of acknowledged) {
      acknowledged.delete(id);
      if (!content) continue;
      files += 1;
      const found = await alice.read(id);
      assert.equal(found.size, content.size);
      assert.equal(
        await sha256Of(found.stream),
        await sha256Of(keyStream(content.seed, content.size)),
        `${content.seed} in round ${round}`,
      );
    }
    // The audit above found a file for every row; a second sweep finds no file without one.
    assert.deepEqual(await drive.sweep(), { orphans: 0, collected: 0 });
    assert.ok(filesBelow(directory).every((path) => path.includes('/blobs/')));
    await drive.stop();
    await database.close();
  }
  t.diagnostic(`${files} acknowledged files in ${rounds} rounds; ${leftovers} broken uploads swept`);
  assert.ok(files > rounds && leftovers > 0, 'the kills must hit uploads under way');
});
