import { writeSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { join } from 'node:path';
import { openDatabase } from '@freehold/database';
import { openDrive } from '../drive.ts';
import { cidOfSeed, type FileState } from './crash-state.ts';
import { keyStream } from './key-stream.ts';

/**
 * Writes, replaces, moves, trashes, restores and deletes files and versions in parallel, while everything that nothing names is collected,
 * until it is killed; without flushing its uploads when that is asked for, to prove that it matters. It says on stdout before each change what the file may become (`may`), and after its acknowledgement what it is (`is`).
 */
const [directory = '', round = '0', flushing = 'flushing'] = process.argv.slice(2);
const keepVersions = 3;
const workers = 6;
// A killed process leaves no compiled code behind, and the next would have to compile again.
if (round === '0') flushCompileCache();
const database = await openDatabase({ path: join(directory, 'node.db') });
const drive = openDrive({
  database,
  directory,
  log: () => {},
  ...(flushing !== 'flushing' && { flush: async () => {} }),
  options: { grace: 0, keepVersions, reserve: 0 },
});
await drive.start();
const alice = drive.of('alice');
const { id: root } = await alice.root();

type File = FileState & { id: string; numbers: number[] };
const say = (word: 'may' | 'is', id: string, state: FileState | null) =>
  writeSync(
    1,
    `${word} ${id} ${state === null ? 'null' : JSON.stringify({ parent: state.parent, name: state.name, cid: state.cid, versions: state.versions, trashed: state.trashed })}\n`,
  );

/** The same in every run with the same round, but for how the workers interleave. */
function randomOf(seed: number) {
  let state = seed * 2_654_435_761 + 1;
  return (below: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * below);
  };
}

async function work(worker: number) {
  const random = randomOf(Number(round) * workers + worker + 1);
  const folders = [
    await alice.createFolder({ parent: root, name: `${round}-${worker}-a` }),
    await alice.createFolder({ parent: root, name: `${round}-${worker}-b` }),
  ];
  const files: File[] = [];
  for (let turn = 0; ; turn++) {
    const file = files[random(files.length)];
    const [one, other] = folders;
    if (!one || !other) return;
    // A third of the contents is shared by all workers, so that collecting and sending the same meet.
    const isShared = random(3) === 0;
    const seed = isShared ? `shared ${random(4)}` : `${round} ${worker} ${turn}`;
    const size = isShared ? 90_000 : random(2) === 0 ? 500 + random(4000) : 66_000 + random(200_000);
    if (!file || files.length < 4 || random(4) === 0) await create(files, { parent: one.id, name: `${turn}`, seed, size });
    else if (file.trashed) await (random(2) === 0 ? remove(files, file) : restore(file));
    else {
      const action = random(7);
      if (action <= 1) await replace(file, { seed, size });
      else if (action === 2) await move(file, { parent: random(2) === 0 ? one.id : other.id, name: `${turn} moved` });
      else if (action === 3) await change(file, { ...file, trashed: true }, () => alice.trash(file.id));
      else if (action === 4) await goBack(file, random(file.numbers.length));
      else if (action === 5) await forget(file, random(file.numbers.length));
      else await remove(files, file);
    }
  }
}

async function change(file: File, next: FileState, act: () => Promise<unknown>) {
  say('may', file.id, next);
  await act();
  Object.assign(file, next);
  say('is', file.id, file);
}

async function create(files: File[], { parent, name, seed, size }: { parent: string; name: string; seed: string; size: number }) {
  const { id, cid = '' } = await alice.writeFile({ parent, name, content: keyStream(seed, size), size });
  const file: File = { id, parent, name, cid, versions: [], trashed: false, numbers: [] };
  if (cid !== cidOfSeed(seed, size)) throw new Error('The CID is not that of the content');
  say('is', id, file);
  files.push(file);
}

/** What it had becomes the newest version, unless it is the same. */
function withContent(file: File, cid: string): { state: FileState; numbers: number[] } {
  if (cid === file.cid) return { state: file, numbers: file.numbers };
  return { state: { ...file, cid, versions: [file.cid, ...file.versions].slice(0, keepVersions) }, numbers: [] };
}

async function takeNumbers(file: File) {
  file.numbers = (await alice.versions(file.id)).map(({ number }) => number);
}

async function replace(file: File, { seed, size }: { seed: string; size: number }) {
  const { parent, name, id } = file;
  await change(file, withContent(file, cidOfSeed(seed, size)).state, async () => {
    const written = await alice.writeFile({ parent, name, content: keyStream(seed, size), onConflict: 'replace' });
    if (written.id !== id) throw new Error('It replaced another');
  });
  await takeNumbers(file);
}

async function goBack(file: File, index: number) {
  const number = file.numbers[index];
  const cid = file.versions[index];
  if (number === undefined || cid === undefined) return;
  await change(file, withContent(file, cid).state, () => alice.restoreVersion(file.id, number));
  await takeNumbers(file);
}

async function forget(file: File, index: number) {
  const number = file.numbers[index];
  if (number === undefined) return;
  await change(file, { ...file, versions: file.versions.toSpliced(index, 1) }, () => alice.deleteVersion(file.id, number));
  await takeNumbers(file);
}

const move = (file: File, place: { parent: string; name: string }) =>
  change(file, { ...file, ...place }, () => alice.move({ id: file.id, ...place }));

const restore = (file: File) => change(file, { ...file, trashed: false }, () => alice.restore(file.id));

async function remove(files: File[], file: File) {
  files.splice(files.indexOf(file), 1);
  say('may', file.id, null);
  await alice.deleteForever(file.id);
  say('is', file.id, null);
}

async function collect() {
  for (;;) {
    await drive.sweep();
    await drive.scrub({ share: 0.1 });
    await drive.tidy();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

await Promise.all([...Array.from({ length: workers }, (_, worker) => work(worker)), collect()]);
