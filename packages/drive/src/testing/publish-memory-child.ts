import { join } from 'node:path';
import { openDatabase } from '@freehold/database';
import { CID } from 'multiformats/cid';
import { openDrive } from '../drive.ts';
import { carOf } from '../ipfs/car-write.ts';
import { asFile, readFile } from '../ipfs/read-file.ts';
import { resolvePath } from '../ipfs/resolve.ts';

/**
 * Publishes one large file and a folder of many, gives them out whole, in ranges and as CAR files, takes a CAR in again, and prints by how
 * many bytes the process grew meanwhile. Run with --expose-gc: garbage is collected on the way, so that what is measured is what is held.
 */
const [directory = '', bytes = '', count = ''] = process.argv.slice(2);
const database = await openDatabase({ path: join(directory, 'node.db') });
const drive = openDrive({ database, directory, log: () => {} });
await drive.start();
const alice = drive.of('alice');
const { id: parent } = await alice.root();
const { blocks } = drive.published;
const piece = Buffer.alloc(65_536);

async function* content(size: number) {
  for (let sent = 0; sent < size; sent += piece.length) {
    piece.writeUInt32LE(sent / piece.length);
    yield piece;
  }
}

async function* small(number: number) {
  yield Buffer.from(`file ${number}`);
}

let sinceCollected = 0;
async function drain(stream: AsyncIterable<Uint8Array>): Promise<number> {
  let received = 0;
  for await (const chunk of stream) {
    received += chunk.length;
    sinceCollected += chunk.length;
    if (sinceCollected < 8 << 20) continue;
    sinceCollected = 0;
    globalThis.gc?.();
  }
  return received;
}

async function round(name: string, size: number, files: number) {
  const file = await alice.writeFile({ parent, name, content: content(size), size });
  const folder = await alice.createFolder({ parent, name: `${name} folder` });
  for (let start = 0; start < files; start += 100)
    await Promise.all(
      Array.from({ length: Math.min(100, files - start) }, (_, index) =>
        alice.writeFile({ parent: folder.id, name: `${start + index}`, content: small(start + index) }),
      ),
    );
  globalThis.gc?.();
  const { root } = await alice.ipfs.publish(file.id);
  const many = await alice.ipfs.publish(folder.id);
  const target = await resolvePath(blocks, CID.parse(root), []);
  let received = await drain(readFile(blocks, asFile(target)));
  for (let range = 0; range < 200; range++) {
    const start = Math.floor((range / 200) * size);
    received += await drain(readFile(blocks, asFile(target), { start, end: Math.min(size, start + 1000) }));
  }
  received += await drain(carOf(blocks, await resolvePath(blocks, CID.parse(many.root), []), { scope: 'all', duplicates: false }));
  await alice.ipfs.importCar({ parent, name: `${name} again`, content: carOf(blocks, target, { scope: 'all', duplicates: false }) });
  return received;
}

await round('first', 16 << 20, 1000);
globalThis.gc?.();
const before = process.memoryUsage().rss;
let most = before;
const watch = setInterval(() => (most = Math.max(most, process.memoryUsage().rss)), 5);
const received = await round('large', Number(bytes), Number(count));
clearInterval(watch);
process.stdout.write(JSON.stringify({ grown: Math.max(most, process.memoryUsage().rss) - before, received }));
await drive.stop();
await database.close();
