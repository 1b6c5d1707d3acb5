import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { openDatabase } from '@freehold/database';
import { openDrive } from '../drive.ts';
import { photograph } from './files.ts';
import { textStream } from './key-stream.ts';

/** Writes texts and pictures while their content is looked at, until it is killed. It says what was acknowledged. */
const [directory = '', round = ''] = process.argv.slice(2);
const database = await openDatabase({ path: join(directory, 'node.db') });
const drive = openDrive({ database, directory, log: () => {}, options: { quiet: 0 } });
await drive.start();
const alice = drive.of('alice');
const { id: parent } = await alice.root();
const picture = await photograph();

for (let turn = 0; ; turn++) {
  const name = `${round}-${turn}`;
  const different = async function* () {
    yield picture;
    yield Buffer.from(name);
  };
  const content = turn % 5 === 0 ? different() : textStream(`needle of ${name}`);
  await alice.writeFile({ parent, name, content });
  writeSync(1, `${turn % 5 === 0 ? 'picture' : 'text'} ${name}\n`);
  if (turn % 7 === 3) await alice.trash((await alice.stat(`/${name}`)).id);
  if (turn % 7 === 3) writeSync(1, `trashed ${name}\n`);
}
