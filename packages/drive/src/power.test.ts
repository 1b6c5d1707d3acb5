import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { openDatabase } from '@freehold/database';
import { verifies } from '../../../requirements/verifies.ts';
import { openDrive } from './drive.ts';
import { compare, listen, type Allowed } from './testing/crash-state.ts';

const long = process.env['FREEHOLD_LONG'] === '1';
const cuts = long ? 20 : 3;
/** Without the flush of the uploads, some of so many cuts must lose bytes: else this test could not fail. */
const controlCuts = 8;
const image = { size: '400M', file: 'disk.img' };

const noLoop = (() => {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'mounting a disk image needs root on Linux';
  const directory = mkdtempSync(join(tmpdir(), 'freehold-loop-'));
  try {
    makeDisk(directory);
    execFileSync('umount', [join(directory, 'disk')]);
    return false;
  } catch {
    return 'this root may not mount a disk image (it needs a loop device and mkfs.ext4)';
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
})();

/** An ext4 file system of its own, mounted at `disk`: what is not flushed is not in the image. */
function makeDisk(directory: string): string {
  const disk = join(directory, 'disk');
  mkdirSync(disk);
  execFileSync('truncate', ['-s', image.size, join(directory, image.file)]);
  execFileSync('mkfs.ext4', ['-q', '-F', join(directory, image.file)], { stdio: 'pipe' });
  execFileSync('mount', ['-o', 'loop,noatime', join(directory, image.file), disk], { stdio: 'pipe' });
  return disk;
}

/** Writes until the power is cut, and looks at what a machine finds on the disk after that. Throws when anything acknowledged is not there. */
async function cut(round: number, flushing: 'flushing' | 'lazy', compiled: string): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'freehold-power-'));
  const after = join(directory, 'after');
  const disk = makeDisk(directory);
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, 'testing', 'crash-child.ts'), join(disk, 'node'), `${round}`, flushing],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, NODE_COMPILE_CACHE: compiled },
    },
  );
  const exited = once(child, 'exit');
  let said = '';
  try {
    child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
    await Promise.race([once(child.stdout, 'data'), exited]);
    await wait(300 + Math.random() * 600);
    // It stands still while the image is taken: everything it has said was said before.
    child.kill('SIGSTOP');
    await wait(50);
    execFileSync('cp', ['--sparse=always', join(directory, image.file), join(directory, 'after.img')]);
    child.kill('SIGKILL');
    await exited;
    execFileSync('umount', [disk]);

    mkdirSync(after);
    execFileSync('mount', ['-o', 'loop', join(directory, 'after.img'), after]);
    const known = new Map<string, Allowed>();
    listen(said.split('\n'), known);
    const database = await openDatabase({ path: join(after, 'node', 'node.db') });
    const drive = openDrive({ database, directory: join(after, 'node'), log: () => {}, options: { grace: 0, reserve: 0 } });
    await drive.start();
    try {
      await drive.sweep();
      assert.deepEqual(await drive.audit({ rehash: true }), [], `cut ${round}`);
      return (await compare(drive.of('alice'), known, `cut ${round}`)).files;
    } finally {
      await drive.stop();
      await database.close();
    }
  } finally {
    child.kill('SIGKILL');
    for (const mounted of [disk, after]) spawnSync('umount', ['--lazy', mounted], { stdio: 'ignore' });
    rmSync(directory, { recursive: true, force: true });
  }
}

test('a power cut loses nothing that was acknowledged', { skip: noLoop }, async (t) => {
  verifies('drive.power');
  const compiled = mkdtempSync(join(tmpdir(), 'freehold-power-compiled-'));
  t.after(() => rmSync(compiled, { recursive: true, force: true }));
  let files = 0;
  for (let round = 0; round < cuts; round++) files += await cut(round, 'flushing', compiled);
  t.diagnostic(`${files} acknowledged files in ${cuts} cuts: all there, byte for byte`);
  assert.ok(files > 10 * cuts);
});

test(
  'without the flush of the uploads it would',
  { skip: noLoop || (!long && 'the control belongs to the long form: npm run test:long') },
  async (t) => {
    verifies('drive.power');
    const compiled = mkdtempSync(join(tmpdir(), 'freehold-power-compiled-'));
    t.after(() => rmSync(compiled, { recursive: true, force: true }));
    let damaged = 0;
    for (let round = 0; round < controlCuts; round++)
      await cut(round, 'lazy', compiled).catch((error: unknown) => {
        assert.ok(error instanceof assert.AssertionError, String(error));
        damaged += 1;
      });
    t.diagnostic(`${damaged} of ${controlCuts} cuts without a flush lost bytes`);
    assert.ok(damaged > 0);
  },
);
