import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { openDatabase } from '@freehold/database';
import { FreeholdError } from '@freehold/protocol';
import { openDrive } from '../drive.ts';
import { keyStream } from './key-stream.ts';

/** Writes, replaces, moves and deletes while system calls fail under it, and says what was acknowledged and how the rest was refused. */
const [directory = ''] = process.argv.slice(2);
const say = (line: string) => writeSync(1, `${line}\n`);
const database = await openDatabase({ path: join(directory, 'node.db') });
const drive = openDrive({ database, directory, log: () => {}, options: { grace: 0, reserve: 0 } });
await drive.start();
const alice = drive.of('alice');
const { id: root } = await alice.root();
say('ready');

async function attempt<Result>(work: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await work();
  } catch (error) {
    say(`refused ${error instanceof FreeholdError ? `${error.status} ${error.code}` : String(error)}`);
    return undefined;
  }
}

async function work(worker: number) {
  for (let turn = 0; turn < 12; turn++) {
    const name = `${worker}-${turn}`;
    const size = turn % 2 === 0 ? 1000 + turn : 70_000 + turn * 10_000;
    const written = await attempt(() => alice.writeFile({ parent: root, name, content: keyStream(name, size), size }));
    if (!written) continue;
    say(`wrote ${written.id} ${name} ${size}`);
    say(`changing ${written.id}`);
    const replaced = await attempt(() =>
      alice.writeFile({ parent: root, name, content: keyStream(`${name}+`, size), onConflict: 'replace' }),
    );
    if (replaced) say(`wrote ${written.id} ${name}+ ${size}`);
    if (turn % 3 === 0) {
      say(`changing ${written.id}`);
      await attempt(() => alice.deleteForever(written.id));
    }
    await attempt(() => drive.sweep());
    await wait(1);
  }
}
await Promise.all([0, 1, 2].map(work));
say('done');
await drive.stop();
await database.close();
say('closed');
