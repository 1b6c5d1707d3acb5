import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { verifies } from '../../../../requirements/verifies.ts';
import { buildGuest } from '../testing/wasm/build-guest.ts';
import { openTestPool, type TestPool } from '../testing/wasm/open-test-pool.ts';
import type { MountEntry, WasmMounts } from './mount.ts';

let tested: TestPool;
let guest: Uint8Array;
before(async () => {
  [tested, guest] = await Promise.all([openTestPool({ size: 1 }), buildGuest('mounts')]);
});
after(() => tested.close());

const modifiedMs = 1_700_000_000_123;
const contents: Record<string, Buffer> = {
  note: Buffer.from('a note'),
  deep: Buffer.from('deep inside'),
  big: Buffer.alloc(3_000_000, 7),
  fixed: Buffer.from('fixed'),
};
const file = (path: string, content: string): MountEntry => ({
  path,
  type: 'file',
  size: contents[content]?.length ?? 0,
  content,
  modifiedMs,
});

function mounts() {
  const asked: string[] = [];
  const given: WasmMounts = {
    folders: [
      {
        path: '/data',
        writable: true,
        entries: [
          file('note.txt', 'note'),
          { path: 'folder', type: 'folder', modifiedMs },
          file('folder/deep.txt', 'deep'),
          { path: 'link', type: 'symlink', target: 'folder/deep.txt', modifiedMs },
          file('saved.txt', 'fixed'),
          file('untouched.bin', 'big'),
        ],
      },
      { path: '/given', writable: false, entries: [file('fixed.txt', 'fixed')] },
    ],
    read: async (content, offset, length) => {
      asked.push(content);
      return contents[content]?.subarray(offset, offset + length) ?? assert.fail();
    },
  };
  return { given, asked };
}

async function run(word: string) {
  const { given, asked } = mounts();
  const { reason, exitCode, trap, stdout, changes } = await tested.command(guest, [word], { mounts: given });
  assert.deepEqual([reason, exitCode], ['exit', 0], trap);
  return { lines: stdout.toString().trim().split('\n'), changes, asked };
}

test('a program reads the folders it is given, and only what it reads is fetched', async () => {
  verifies('compute.wasi.mounts');
  const { lines, changes, asked } = await run('read');
  assert.deepEqual(lines, [
    'preopens 3',
    'root .,..,data,given',
    'data .,..,note.txt,folder,link,saved.txt,untouched.bin',
    'note a note',
    'deep deep inside',
    'link folder/deep.txt deep inside',
    'size 0',
    `6 at ${modifiedMs}`,
    'by its own descriptor 0',
    'above it 63',
  ]);
  assert.deepEqual(changes, [[], []]);
  assert.deepEqual(new Set(asked), new Set(['note', 'deep']));
});

test('what it changes comes back as the difference, without the bytes of what was only moved', async () => {
  verifies('compute.wasi.mounts');
  const { lines, changes, asked } = await run('change');
  for (const line of lines) assert.match(line, / 0$/);
  assert.deepEqual(asked, ['note']);
  assert.deepEqual(changes, [
    [
      { type: 'remove', path: 'link' },
      { type: 'remove', path: 'folder/deep.txt' },
      { type: 'remove', path: 'folder' },
      { type: 'file', path: 'note.txt', bytes: Buffer.from('a note and more') },
      { type: 'folder', path: 'made' },
      { type: 'file', path: 'moved.txt', from: 'folder/deep.txt', size: 11, content: 'deep' },
      { type: 'symlink', path: 'short', target: 'made/new.txt' },
      { type: 'file', path: 'saved.txt', bytes: Buffer.from('saved') },
      { type: 'file', path: 'made/new.txt', bytes: Buffer.from('new') },
    ],
    [],
  ]);
});

test('a folder given to be read stays as it is, and nothing is moved between folders', async () => {
  verifies('compute.wasi.mounts');
  const { lines, changes } = await run('trespass');
  assert.deepEqual(lines, [
    'given fixed',
    'write 69',
    'create 69',
    'mkdir 69',
    'unlink 69',
    'rename 69',
    'symlink 69',
    'link 69',
    'out of it 69',
    'between 75',
    'link between 75',
    'the mount itself 10',
    'remove the mount 55',
  ]);
  assert.deepEqual(changes, [[], []]);
});

test('a program without mounts has no changes, and one that failed neither', async () => {
  assert.equal((await tested.command(guest, ['other'])).changes, undefined);
  const failed = await tested.command(guest, ['fail'], { mounts: mounts().given });
  assert.deepEqual([failed.reason, failed.exitCode, failed.changes], ['exit', 3, undefined]);
});
