import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { openDatabase } from '@freehold/database';
import { openDrive } from '../drive.ts';
import { keyStream } from './key-stream.ts';

/** Writes, replaces and deletes files in parallel until it is killed. It says on stdout what it is about to delete, and what was acknowledged. */
const [directory = '', round = ''] = process.argv.slice(2);
const database = await openDatabase({ path: join(directory, 'node.db') });
const drive = openDrive({ database, directory, log: () => {}, options: { grace: 0, keepVersions: 2 } });
await drive.start();
const alice = drive.of('alice');
const { id: root } = await alice.root();
const say = (line: string) => writeSync(1, `${line}\n`);

async function work(worker: number) {
  const { id: parent } = await alice.createFolder({ parent: root, name: `${round}-${worker}` });
  for (let turn = 0; ; turn++) {
    const name = `${round}-${worker}-${turn}`;
    const size = turn % 3 === 0 ? 1000 + turn : 70_000 + ((turn * 977_777) % 3_000_000);
    const { id } = await alice.writeFile({ parent, name, content: keyStream(name, size) });
    say(`wrote ${id} ${name} ${size}`);
    if (turn % 4 === 1) {
      say(`replacing ${id}`);
      await alice.writeFile({ parent, name, content: keyStream(`${name}+`, size), onConflict: 'replace' });
      say(`wrote ${id} ${name}+ ${size}`);
    }
    if (turn % 5 === 2) {
      say(`deleting ${id}`);
      await alice.deleteForever(id);
      void drive.sweep();
    }
  }
}

await Promise.all([0, 1, 2, 3].map(work));
