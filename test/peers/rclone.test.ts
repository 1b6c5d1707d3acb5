import assert from 'node:assert/strict';
import { createCipheriv } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { verifies } from '../../requirements/verifies.ts';
import { hasJudges } from '../harness/judges.ts';
import { startMountedNode, type MountedNode } from '../harness/mounted-node.ts';

const MiB = 1 << 20;
/** What `rcat` reads from its standard input. */
const streamed = 'streamed '.repeat(50_000);

/** rclone with the node as its remote `drive:`; fails with what it said when it does not end well. */
async function openRclone(node: MountedNode) {
  const { output } = await node.run('rclone', ['obscure', node.password]);
  const env = {
    RCLONE_CONFIG: join(node.folder, 'none.conf'),
    RCLONE_CONFIG_DRIVE_TYPE: 'webdav',
    RCLONE_CONFIG_DRIVE_URL: node.url,
    // The dialect in which rclone sets the times of files.
    RCLONE_CONFIG_DRIVE_VENDOR: 'owncloud',
    RCLONE_CONFIG_DRIVE_USER: node.user,
    RCLONE_CONFIG_DRIVE_PASS: output.trim().split('\n').at(-1) ?? '',
  };
  writeFileSync(env.RCLONE_CONFIG, '');
  return async (...args: string[]): Promise<string> => {
    const input = args[0] === 'rcat' ? streamed : '';
    const ended = await node.run('rclone', [...args, '--transfers=16', '--checkers=16', '--retries=1'], { env, input, minutes: 10 });
    assert.equal(ended.code, 0, `rclone ${args.join(' ')}\n${ended.output.slice(-4000)}`);
    return ended.output;
  };
}

function makeFile(path: string, content: string) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

/** Bytes that no two chunks share. */
async function makeLarge(path: string, size: number): Promise<void> {
  const noise = createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16));
  const file = await open(path, 'w');
  for (let written = 0; written < size; written += MiB) await file.write(noise.update(Buffer.alloc(MiB)));
  await file.close();
}

const oddNames = [
  'a space',
  'ä ö ü ß',
  'e\u0301',
  '日本語',
  '\u{1f600} smile',
  '100%',
  '%2e%2e',
  'a#b',
  'a?b',
  'a&b=c;d',
  "it's",
  '"quoted"',
  '<tag>',
  'back\\slash',
  'co:lon',
  'pi|pe',
  'st*r',
  '.hidden',
  '...',
  '~tilde',
  '+plus+',
  '@at',
  '[brackets]',
  '(round)',
  '$HOME',
  '`tick`',
  'x'.repeat(200),
];

/** rclone brakes itself at 100 requests a second; so a quarter of the tree is given to each of four. */
const parts = ['part 0', 'part 1', 'part 2', 'part 3'];
const total = 10_000;

test('rclone copies a tree of 10,000 files there and back, and it is the same', async (t) => {
  verifies('drive.webdav.peers');
  if (!hasJudges(t, 'rclone')) return;
  const node = await startMountedNode(t);
  const rclone = await openRclone(node);
  const tree = join(node.folder, 'tree');
  const fileOf = (index: number) => join(tree, parts[index % 4] ?? '', `folder ${index % 100}`, `sub ${index % 7}`, `file ${index}.txt`);
  for (let index = 0; index < total - oddNames.length; index++) makeFile(fileOf(index), `content ${index} `.repeat(index % 90));
  for (const name of oddNames) makeFile(join(tree, 'part 0', 'odd', name), name);
  const each = (run: (part: string) => Promise<string>) => Promise.all(parts.map(run));
  const isSame = (said: readonly string[]) => {
    const counted = said.map((text) => (assert.match(text, /0 differences found/), Number(/(\d+) matching files/.exec(text)?.[1])));
    assert.equal(
      counted.reduce((sum, count) => sum + count, 0),
      total,
    );
  };

  await t.test('there', async () => {
    await each((part) => rclone('copy', join(tree, part), `drive:tree/${part}`));
  });
  await t.test('is the same, byte for byte', async () => {
    isSame(await each((part) => rclone('check', '--download', join(tree, part), `drive:tree/${part}`)));
  });
  await t.test('and back', async () => {
    await each((part) => rclone('copy', `drive:tree/${part}`, join(node.folder, 'back', part)));
    isSame(await each((part) => rclone('check', join(tree, part), join(node.folder, 'back', part))));
  });
  await t.test('a second copy has nothing to do: the times were kept', async () => {
    assert.match(await rclone('copy', '-v', join(tree, 'part 1'), 'drive:tree/part 1'), /There was nothing to transfer/);
  });
  await t.test('a sync brings over what changed, what is new and what is gone', async () => {
    const part = join(tree, 'part 0');
    for (let index = 0; index < 200; index += 4) {
      makeFile(join(part, 'new', `${index}.txt`), 'new');
      rmSync(fileOf(index));
    }
    makeFile(fileOf(400), 'changed');
    await rclone('sync', part, 'drive:tree/part 0');
    assert.match(await rclone('check', part, 'drive:tree/part 0', '--download'), /0 differences found/);
  });
  await t.test('folders are moved and copied without passing through here, and deleted', async () => {
    await rclone('moveto', 'drive:tree/part 0/odd', 'drive:moved');
    await rclone('copyto', 'drive:moved/a space', 'drive:copied');
    const odd = join(node.folder, 'odd');
    for (const name of oddNames) makeFile(join(odd, name), name);
    const said = await rclone('check', '--download', odd, 'drive:moved');
    assert.match(said, new RegExp(`0 differences found[^]*${oddNames.length} matching files`));
    assert.equal(await rclone('cat', 'drive:copied'), 'a space');
    await rclone('purge', 'drive:tree');
    assert.doesNotMatch(await rclone('lsf', 'drive:'), /^tree\/$/m);
  });
});

test('rclone keeps empty folders, streams what has no known size, and asks for the space left', async (t) => {
  verifies('drive.webdav.peers');
  if (!hasJudges(t, 'rclone')) return;
  const node = await startMountedNode(t);
  const rclone = await openRclone(node);
  mkdirSync(join(node.folder, 'empty', 'a', 'b', 'c'), { recursive: true });
  mkdirSync(join(node.folder, 'empty', 'd'));
  await rclone('copy', '--create-empty-src-dirs', 'empty', 'drive:empty');
  assert.deepEqual((await rclone('lsf', '-R', 'drive:empty')).trim().split('\n').sort(), ['a/', 'a/b/', 'a/b/c/', 'd/']);
  await rclone('rcat', 'drive:streamed');
  assert.equal(await rclone('cat', 'drive:streamed'), streamed);
  const about = JSON.parse(await rclone('about', '--json', 'drive:'));
  assert.equal(about.used + about.free, about.total ?? about.used + about.free);
  assert.ok(about.free > 0);
});

test('rclone brings a file of 300 MiB there and back', async (t) => {
  verifies('drive.webdav.peers');
  if (!hasJudges(t, 'rclone')) return;
  const node = await startMountedNode(t);
  const rclone = await openRclone(node);
  mkdirSync(join(node.folder, 'large'));
  await makeLarge(join(node.folder, 'large', 'noise'), 300 * MiB);
  await rclone('copy', 'large', 'drive:large');
  await rclone('check', '--download', 'large', 'drive:large');
  // In parts, each asked for by its range.
  await rclone('copy', '--multi-thread-streams=4', '--multi-thread-cutoff=1M', 'drive:large', 'back');
  assert.match(await rclone('check', 'large', 'back'), /0 differences found/);
});
