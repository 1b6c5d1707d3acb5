import { join } from 'node:path';
import { openDatabase } from '@freehold/database';
import { openDrive } from '../drive.ts';

/**
 * Uploads and downloads one large file in the folder given, and prints by how many bytes the process grew meanwhile.
 * Run with --expose-gc: garbage is collected as the download goes on, so that what is measured is what is held.
 */
const [directory = '', bytes = ''] = process.argv.slice(2);
const piece = Buffer.alloc(65_536);
const database = await openDatabase({ path: join(directory, 'node.db') });
const drive = openDrive({ database, directory, log: () => {} });
await drive.start();
const alice = drive.of('alice');
const { id: parent } = await alice.root();

async function* upload(size: number) {
  for (let sent = 0; sent < size; sent += piece.length) {
    piece.writeUInt32LE(sent / piece.length);
    yield piece;
  }
}

async function transfer(name: string, size: number) {
  const { id } = await alice.writeFile({ parent, name, content: upload(size), size });
  let received = 0;
  for await (const chunk of (await alice.read(id)).stream) {
    received += (chunk as Buffer).length;
    if (received % (8 << 20) === 0) globalThis.gc?.();
  }
  return received;
}

await transfer('first', 16 << 20);
const before = process.memoryUsage().rss;
let most = before;
const watch = setInterval(() => (most = Math.max(most, process.memoryUsage().rss)), 5);
const received = await transfer('large', Number(bytes));
clearInterval(watch);
process.stdout.write(JSON.stringify({ grown: Math.max(most, process.memoryUsage().rss) - before, received }));
await drive.stop();
await database.close();
