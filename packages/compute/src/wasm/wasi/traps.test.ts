import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { verifies } from '../../../../../requirements/verifies.ts';
import { buildGuest } from '../../testing/wasm/build-guest.ts';
import { openTestPool, type TestPool } from '../../testing/wasm/open-test-pool.ts';

/**
 * The corners in which implementations of WASI preview 1 differ. The numbers are its error numbers: 8 BADF, 20 EXIST, 28 INVAL,
 * 31 ISDIR, 32 LOOP, 33 MFILE, 37 NAMETOOLONG, 44 NOENT, 51 NOSPC, 54 NOTDIR, 57 NOTSOCK, 63 PERM, 70 SPIPE, 76 NOTCAPABLE.
 */
let tested: TestPool;
let guest: Uint8Array;
before(async () => {
  guest = await buildGuest('traps');
  tested = await openTestPool({ size: 1 });
});
after(() => tested.close());

async function answers(word: string): Promise<string[]> {
  const { reason, trap, stdout } = await tested.command(guest, [word], { stdin: Buffer.from('12345') });
  assert.equal(reason, 'exit', trap);
  return stdout.toString().trimEnd().split('\n');
}

test('rights are exactly those that mean something, are only ever narrowed, and are passed on', async () => {
  verifies('compute.wasi.traps');
  assert.deepEqual(await answers('rights'), [
    'preopen fbffe99 fffffff',
    'folder fbffe99 fffffff',
    'file 8e001ff 0',
    'stdout 820004a 0',
    'asked 200066 0',
    'narrow 0',
    'narrowed 200026 0',
    'widen 76',
    'write without 76',
    'resize without 76',
    'read without 76',
    'pread without seek 76',
    'create without 76',
    'inherited 0',
    'no more than 200026 0',
  ]);
});

test('a folder is not written, created by open or taken for a file; a file is not a folder', async () => {
  verifies('compute.wasi.traps');
  assert.deepEqual(await answers('folders'), [
    'folder for writing 31',
    'create a folder 28',
    'file as folder 54',
    'truncate a folder 31',
    'below a file 54',
    'from a file 54',
    'from stdout 54',
    'exclusive 20',
    'missing 44',
    'unknown flags 28',
    'seek 8',
    'read 31',
    'write 31',
    'allocate 31',
    'empty path 44',
    'NUL in path 28',
    'long name 37',
  ]);
});

test('a slash at the end asks for a folder, in every call that takes a path', async () => {
  verifies('compute.wasi.traps');
  assert.deepEqual(await answers('slashes'), [
    'stat d/ 0',
    'stat f/ 54',
    'mkdir n/ 0',
    'open f/ 54',
    'create c/ 31',
    'rename f g/ 54',
    'rename f/ g 54',
    'rename d/ e/ 0',
    'rename e e2/ 0',
    'unlink f/ 54',
    'unlink e2/ 31',
    'symlink at e2/ 20',
    'symlink at f/ 54',
    'symlink at new/ 44',
    'link at new/ 44',
    'link from f/ 54',
    'rmdir f/ 54',
    'rmdir e2/ 0',
    'rmdir . 28',
    'rename . x 28',
  ]);
});

test('folders are listed with "." and ".." first, from any cookie, and a full buffer ends in a cut entry', async () => {
  verifies('compute.wasi.traps');
  assert.deepEqual(await answers('readdir'), [
    '.=1/3 ..=2/3 file0=3/4 file1=4/4 file2=5/4 file3=6/4 file4=7/4',
    'cut 60',
    'from three file1',
    'at the end 0',
    'beyond 0 0',
    'anew 167',
    'of a file 54',
  ]);
});

test('a descriptor takes the place of another, which must be there', async () => {
  verifies('compute.wasi.traps');
  assert.deepEqual(await answers('renumber'), [
    'move 0',
    'old is closed 8',
    'read first',
    'to nowhere 8',
    'from nowhere 8',
    'to itself 0',
    'a preopen 0',
    'is a file now 54',
  ]);
});

test('links are linked themselves, followed at most 32 times, and never out', async () => {
  verifies('compute.wasi.traps');
  assert.deepEqual(await answers('links'), [
    'link to a link 0',
    'which is one target',
    'link, following 28',
    'link to a folder 63',
    'over something 20',
    'dangling 44',
    'create through it 20',
    'link to it 0',
    'read it short 0',
    'not a link 28',
    'itself 32',
    'itself as folder 32',
    '32 links end',
    '33 links error 32',
    'not followed 32',
    'not followed as folder 32',
    'absolute 63',
    'empty 44',
    'up and down text',
    'out by a link 44',
    'further out 63',
  ]);
});

test('polling tells what is ready of the streams, and of the clocks only the first when nothing is', async () => {
  verifies('compute.wasi.traps');
  assert.deepEqual(await answers('poll'), [
    'errno 0 | 1 kind 1 errno 0 bytes 5 | 2 kind 2 errno 0 bytes 65536',
    'errno 0 | 4 kind 1 errno 8 bytes 0',
    'errno 0 | 5 kind 1 errno 0 bytes 0',
    'errno 0 | 6 kind 0 errno 0 bytes 0',
    'errno 0 | 8 kind 0 errno 28 bytes 0',
    'errno 0 | 9 kind 0 errno 0 bytes 0',
    'errno 28',
    'errno 28',
  ]);
});

test('appending moves the offset to the end, as long as the flag is set', async () => {
  verifies('compute.wasi.traps');
  assert.deepEqual(await answers('append'), [
    'write 0',
    'offset 10',
    'write after seek 0',
    'offset 16',
    'no longer 0',
    'write at the beginning 0',
    'START more still',
    'unknown flag 28',
  ]);
});

test('seeking and telling each have their right; streams have neither', async () => {
  verifies('compute.wasi.traps');
  assert.deepEqual(await answers('seek'), [
    'tell by seek 0',
    'tell 0',
    'seek without 76',
    'seek to zero without 76',
    'seek 0',
    'at 7',
    'tell without 76',
    'before the start 28',
    'unknown whence 28',
    'beyond the end 0',
    'read there 0 0',
    'stdout 70',
    'tell stdout 70',
    'closed 8',
    'pread 567',
    'still at 2 5673456789',
  ]);
});

test('sizes and times are set within what there is room for', async () => {
  verifies('compute.wasi.traps');
  assert.deepEqual(await answers('sizes'), [
    'allocate 0',
    'size 150',
    'allocate less 0',
    'allocate nothing 28',
    'shrink 0',
    'grow 0',
    'size 20',
    'too large 51',
    'negative 28',
    'advise 0',
    'advise wrongly 28',
    'advise stdout 70',
    'both times 28',
    'set times 0',
    'times 1000 2000',
    'unknown times 28',
    'links 0',
    'a new one 0',
    'other',
  ]);
});

test('there are no sockets: BADF for what is not open, NOTSOCK for everything else', async () => {
  verifies('compute.wasi.traps');
  assert.deepEqual(await answers('sockets'), [
    'accept 57',
    'recv 57',
    'send 57',
    'shutdown 57',
    'accept 8',
    'recv 8',
    'send 8',
    'shutdown 8',
    'shutdown stdin 57',
    'shutdown a folder 57',
  ]);
});

test('descriptors are bounded, and the lowest free number is the next', async () => {
  verifies('compute.wasi.traps');
  assert.deepEqual(await answers('many'), ['opened 1020 33', 'one closed 0', 'the lowest free 500']);
});
