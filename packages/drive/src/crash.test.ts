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
import { openDrive } from './index.ts';
import { compare, listen, type Allowed } from './testing/crash-state.ts';
import { filesBelow } from './testing/temporary-drive.ts';

/** Each run is one kill. So many of them share a drive, which is looked at after each. */
const runs = process.env['FREEHOLD_LONG'] === '1' ? 1000 : 200;
const runsOfOneDrive = 10;
const lanes = 2;
/** The kill comes within so many lines that the child says, so that it hits work on a slow machine, too. */
const mostLines = 50;

type Tally = { runs: number; files: number; underWay: number; leftovers: number };

/** Runs the child until the kill and answers its lines. Compiled code is kept from one to the next, or most of the time went into that. */
async function runUntilKilled(directory: string, run: number, compiled: string): Promise<string[]> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'testing', 'crash-child.ts'), directory, `${run}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_COMPILE_CACHE: compiled },
  });
  const exited = once(child, 'exit');
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout });
  const ended = once(reader, 'close');
  const last = 1 + Math.random() * mostLines;
  const { promise: saidEnough, resolve: enough } = Promise.withResolvers<void>();
  reader.on('line', (line) => {
    if (lines.push(line) > last) enough();
  });
  await Promise.race([saidEnough, exited]);
  await wait(Math.random() * 10);
  child.kill('SIGKILL');
  const [, signal] = await exited;
  assert.equal(signal, 'SIGKILL', 'the child must live until it is killed');
  await ended;
  return lines;
}

/** One drive, killed again and again. */
async function torment(first: number, tally: Tally, compiled: string): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'freehold-drive-crash-'));
  try {
    const known = new Map<string, Allowed>();
    for (let run = first; run < Math.min(first + runsOfOneDrive, runs); run++) {
      listen(await runUntilKilled(directory, run, compiled), known);
      tally.leftovers += filesBelow(directory).filter((path) => path.includes('/uploads/')).length;

      const database = await openDatabase({ path: join(directory, 'node.db') });
      const drive = openDrive({ database, directory, log: () => {}, options: { grace: 0 } });
      await drive.start();
      await drive.sweep();
      assert.deepEqual(await drive.audit({ rehash: true }), [], `run ${run}: every name leads to its bytes, and every count is right`);
      const alice = drive.of('alice');
      const { files, underWay } = await compare(alice, known, `run ${run}`);
      tally.files += files;
      tally.underWay += underWay;
      // The audit found bytes for every row; a second sweep finds no file without one.
      assert.deepEqual(await drive.sweep(), { orphans: 0, collected: 0 });
      assert.ok(filesBelow(directory).every((path) => path.includes('/blobs/')));
      await drive.stop();
      await database.close();
      tally.runs += 1;
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

test('kill -9 at random moments of everything at once: nothing acknowledged is lost, nothing dangles, the rest is swept', async (t) => {
  verifies('foundation.drive.crash', 'drive.crash');
  const tally: Tally = { runs: 0, files: 0, underWay: 0, leftovers: 0 };
  const compiled = mkdtempSync(join(tmpdir(), 'freehold-drive-compiled-'));
  t.after(() => rmSync(compiled, { recursive: true, force: true }));
  const begun = performance.now();
  let next = 0;
  await Promise.all(
    Array.from({ length: lanes }, async () => {
      while (next < runs) {
        const first = next;
        next += runsOfOneDrive;
        await torment(first, tally, compiled);
      }
    }),
  );
  const seconds = ((performance.now() - begun) / 1000).toFixed(0);
  t.diagnostic(
    `${tally.runs} kills in ${seconds} s; ${tally.files} looks at acknowledged files, ${tally.underWay} with a change under way; ${tally.leftovers} broken uploads swept`,
  );
  assert.equal(tally.runs, runs);
  assert.ok(tally.files > 10 * runs && tally.underWay > runs / 10 && tally.leftovers > 0, 'the kills must hit what is under way');
});
