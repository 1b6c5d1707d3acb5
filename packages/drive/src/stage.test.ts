import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FileHandle } from 'node:fs/promises';
import { openDrive } from './drive.ts';
import { keyStream } from './testing/key-stream.ts';
import { temporaryDrive, type TemporaryDrive } from './testing/temporary-drive.ts';

const MiB = 1 << 20;

async function leavesNothing({ drive, files }: TemporaryDrive, account = 'alice') {
  assert.deepEqual(files(), []);
  assert.deepEqual(await drive.audit(), []);
  assert.equal((await drive.of(account).usage()).used, 0);
  const root = await drive.of(account).root();
  assert.deepEqual((await drive.of(account).list({ parent: root.id })).entries, []);
}

test('an aborted upload ends at once, also while its source stalls, and leaves nothing', async (t) => {
  const temporary = await temporaryDrive(t);
  const alice = temporary.drive.of('alice');
  const { id: parent } = await alice.root();
  const reason = new Error('the window was closed');
  for (const before of [0, 10_000, 3 * MiB]) {
    const abort = new AbortController();
    let cleaned = false;
    async function* stalling() {
      try {
        yield* keyStream('stall', before);
        setImmediate(() => abort.abort(reason));
        await new Promise(() => {});
      } finally {
        cleaned = true;
      }
    }
    await assert.rejects(alice.writeFile({ parent, name: 'x', content: stalling(), signal: abort.signal }), reason);
    assert.equal(cleaned, false, 'the source really stalled');
    await leavesNothing(temporary);
  }
});

test('an upload already aborted never starts', async (t) => {
  const temporary = await temporaryDrive(t);
  const alice = temporary.drive.of('alice');
  const { id: parent } = await alice.root();
  await assert.rejects(
    alice.writeFile({ parent, name: 'x', content: keyStream('x', MiB), signal: AbortSignal.abort(new Error('no')) }),
    /^Error: no$/,
  );
  await leavesNothing(temporary);
});

test('a source that breaks, or does not keep to its announced size, stores nothing', async (t) => {
  const temporary = await temporaryDrive(t);
  const alice = temporary.drive.of('alice');
  const { id: parent } = await alice.root();
  async function* breaking(after: number) {
    yield* keyStream('break', after);
    throw Object.assign(new Error('read ECONNRESET'), { syscall: 'read', code: 'ECONNRESET' });
  }
  for (const size of [0, 1000, 3 * MiB + 7]) {
    await assert.rejects(alice.writeFile({ parent, name: 'x', content: breaking(size) }), { code: 'upload_incomplete', status: 400 });
    await assert.rejects(alice.writeFile({ parent, name: 'x', content: keyStream('x', size), size: size + 1 }), {
      code: 'upload_incomplete',
    });
    await assert.rejects(alice.writeFile({ parent, name: 'x', content: keyStream('x', size + 1), size }), { code: 'upload_incomplete' });
  }
  await leavesNothing(temporary);
});

test('a flush that the disk refuses fails the upload, removes its file, and is never tried again on it', async (t) => {
  let failure: Error | undefined;
  let flushes = 0;
  const flush = async (file: FileHandle) => {
    flushes += 1;
    if (failure) throw failure;
    await file.datasync();
  };
  const temporary = await temporaryDrive(t, { flush });
  const alice = temporary.drive.of('alice');
  const { id: parent } = await alice.root();
  const write = () => alice.writeFile({ parent, name: 'x', content: keyStream('x', 2 * MiB) });
  failure = Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO', syscall: 'fdatasync' });
  await assert.rejects(write, { code: 'storage_failed', status: 500 });
  failure = Object.assign(new Error('ENOSPC: no space left on device, fdatasync'), { code: 'ENOSPC', syscall: 'fdatasync' });
  await assert.rejects(write, { code: 'disk_full', status: 507 });
  assert.equal(flushes, 2);
  await leavesNothing(temporary);
  failure = undefined;
  await write();
  assert.deepEqual(await temporary.drive.audit({ rehash: true }), []);
});

test('an upload that would eat into the reserve of the disk is refused before a byte is taken; reading and deleting still work', async (t) => {
  const options = { reserve: 0 };
  const temporary = await temporaryDrive(t, { options });
  const { drive, database, directory } = temporary;
  const kept = await drive
    .of('alice')
    .writeFile({ parent: (await drive.of('alice').root()).id, name: 'kept', content: keyStream('k', 100_000) });
  const full = openDrive({ database, directory, log: () => {}, options: { reserve: Number.MAX_SAFE_INTEGER } });
  await full.start();
  const alice = full.of('alice');
  let taken = 0;
  const content = (async function* () {
    taken += 1;
    yield new Uint8Array(1);
  })();
  await assert.rejects(alice.writeFile({ parent: (await alice.root()).id, name: 'x', content }), { code: 'disk_full', status: 507 });
  assert.equal(taken, 0);
  (await alice.read(kept.id)).stream.destroy();
  await alice.deleteForever(kept.id);
  await full.stop();
});

test('a stop of the drive ends uploads under way, and waits until they have cleaned up', async (t) => {
  const temporary = await temporaryDrive(t);
  const { drive } = temporary;
  const alice = drive.of('alice');
  const { id: parent } = await alice.root();
  const started = Promise.withResolvers<void>();
  async function* stalling() {
    yield* keyStream('stall', 3 * MiB);
    started.resolve();
    await new Promise(() => {});
  }
  const writing = assert.rejects(alice.writeFile({ parent, name: 'x', content: stalling() }), { code: 'drive_stopping', status: 503 });
  await started.promise;
  await drive.stop();
  await writing;
  assert.deepEqual(temporary.files(), []);
});
