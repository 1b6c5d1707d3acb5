import { writeSync } from 'node:fs';
import { openDatabase } from '@freehold/database';
import { openDrive } from '../drive.ts';
import { DriveError } from '../error.ts';
import { keyStream } from './key-stream.ts';

/**
 * One node of several on one PostgreSQL and one bucket, which all go for the same names of the same account. It says on stdout what was
 * acknowledged, and what it is about to delete. What it must be refused with, when another was first, is no failure.
 */
const { url, bucket, directory, me, rounds } = JSON.parse(process.argv[2] ?? '{}');
const database = await openDatabase({ url });
const drive = openDrive({ database, directory, bucket, log: () => {}, options: { grace: 0, keepVersions: 100_000 } });
await drive.start();
const alice = drive.of('alice');
const { id: root } = await alice.root();
const { id: folder } = await alice.stat('/folder');
const say = (...words: unknown[]) => writeSync(1, `${words.join(' ')}\n`);
const refusals = new Set(['name_taken', 'entry_not_found', 'entry_in_trash']);

/** Undefined when another node was first. */
async function attempt<Result>(work: Promise<Result>): Promise<Result | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof DriveError && refusals.has(error.code)) return undefined;
    throw error;
  }
}

const write = (name: string, seed: string, size: number, onConflict: 'fail' | 'replace') =>
  alice.writeFile({ parent: root, name, content: keyStream(seed, size), onConflict });
const idOf = async (path: string) => (await attempt(alice.stat(path)))?.id ?? 'nothing';

say('ready');
for (let round = 0; round < rounds; round++) {
  // The one name stays where it is; the other is moved and deleted by whoever is first, and may be given again then.
  const won = await attempt(write(`once-${round}`, `${me}-${round}`, 70_000 + round, 'fail'));
  if (won) say('won', round, won.id, won.cid);
  const raced = await attempt(write(`race-${round}`, `${me}=${round}`, 70_000 + round, 'fail'));
  if (raced) say('wrote', raced.id, raced.cid);
  const replaced = await write('shared', `${me}+${round}`, round % 2 ? 1000 + round : 80_000 + round, 'replace');
  say('replaced', replaced.cid);

  const id = await idOf(`/race-${round - 1}`);
  await attempt(alice.move({ id, parent: folder, name: `moved-${round - 1}`, onConflict: round % 4 === 0 ? 'replace' : 'fail' }));
  if (round % 3 === 0) {
    const doomed = await idOf(`/folder/moved-${round - 2}`);
    say('deleting', doomed);
    await attempt(alice.deleteForever(doomed));
  }

  // The same few contents come and go on all nodes, while each collects at once what nobody names.
  const common = await write(`${me} ${round}`, `common ${round % 3}`, 90_000, 'fail');
  say('wrote', common.id, common.cid);
  say('deleting', common.id);
  await alice.deleteForever(common.id);
  const kept = await write(`${me} kept ${round}`, `common ${round % 3}`, 90_000, 'fail');
  say('wrote', kept.id, kept.cid);
  if (round % 2 === 0) {
    say('deleting', kept.id);
    await alice.deleteForever(kept.id);
  }
  await drive.sweep();
}
say('done');
await drive.stop();
await database.close();
