import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UnixFS } from 'ipfs-unixfs';
import { CID } from 'multiformats/cid';
import { verifies } from '../../../../requirements/verifies.ts';
import type { DriveHandle } from '../drive.ts';
import { carWith, cborBlock, fileBlock, folderBlock, pbBlock, rawBlock, type Block } from '../testing/car.ts';
import { keyStream, textStream } from '../testing/key-stream.ts';
import { temporaryDrive } from '../testing/temporary-drive.ts';
import { carHeader, carOf } from './car-write.ts';
import { resolvePath } from './resolve.ts';
import { encodeVarint } from './varint.ts';

const MiB = 1 << 20;
const bytesOf = async (stream: AsyncIterable<Uint8Array>) => Buffer.concat(await Array.fromAsync(stream));
async function* inPieces(bytes: Uint8Array, piece = 1000) {
  for (let start = 0; start < bytes.length; start += piece) yield bytes.subarray(start, start + piece);
}

async function read(handle: DriveHandle, path: string): Promise<Buffer> {
  return bytesOf((await handle.read((await handle.stat(path)).id)).stream);
}

test('what one drive exports another takes in, and it has the same CID there', async (t) => {
  verifies('drive.ipfs.car');
  const { drive } = await temporaryDrive(t);
  const [alice, bob] = [drive.of('alice'), drive.of('bob')];
  const { id: root } = await alice.root();
  const folder = await alice.createFolder({ parent: root, name: 'site' });
  const many = await alice.createFolder({ parent: folder.id, name: 'many' });
  await alice.writeFile({ parent: folder.id, name: 'ä b.txt', content: textStream('hello') });
  await alice.writeFile({ parent: folder.id, name: '.hidden', content: textStream('') });
  await alice.writeFile({ parent: folder.id, name: 'large', content: keyStream('large', 2 * MiB + 5) });
  // Long names, so that the folder is sharded while there are few of them.
  const write = (index: number) =>
    alice.writeFile({ parent: many.id, name: `${index}`.padStart(240, 'x'), content: textStream(`${index}`) });
  await Promise.all(Array.from({ length: 1200 }, (_, index) => write(index)));
  const car = await alice.ipfs.lend(folder.id, {}, async ({ root: cid, blocks }) =>
    bytesOf(carOf(blocks, await resolvePath(blocks, cid, []), { scope: 'all', duplicates: false })),
  );

  const { id: parent } = await bob.root();
  const made = await bob.ipfs.importCar({ parent, name: 'copy', content: inPieces(car) });
  assert.deepEqual(made, { ...made, files: 1203, folders: 2, skipped: [], root: made.cid });
  assert.equal(made.cid, (await alice.ipfs.rootOf(folder.id, { hidden: true })).root.toString());
  assert.equal((await read(bob, '/copy/ä b.txt')).toString(), 'hello');
  assert.deepEqual(await read(bob, '/copy/large'), await bytesOf(keyStream('large', 2 * MiB + 5)));
  assert.equal((await read(bob, `/copy/many/${'777'.padStart(240, 'x')}`)).toString(), '777');
  await assert.rejects(bob.ipfs.importCar({ parent, name: 'copy', content: inPieces(car) }), { code: 'name_taken' });
  assert.equal((await bob.ipfs.importCar({ parent, name: 'copy', onConflict: 'rename', content: inPieces(car) })).entry.name, 'copy (2)');
  assert.deepEqual(await drive.audit({ rehash: true }), []);
});

test('a CAR of the older profile is taken in, and that its CID is another here is said', async (t) => {
  verifies('drive.ipfs.car');
  const { drive, files } = await temporaryDrive(t);
  const alice = drive.of('alice');
  const { id: parent } = await alice.root();
  const parts = [rawBlock('Hello, '), pbBlock({ data: new UnixFS({ type: 'file', data: Buffer.from('world') }) }), rawBlock('')];
  const file = fileBlock(parts.map(({ cid }, index) => ({ cid, size: [7, 5, 0][index] ?? 0 })));
  const link = pbBlock({ data: new UnixFS({ type: 'symlink', data: Buffer.from('/etc/passwd') }) });
  const root = folderBlock([
    { name: 'greeting', cid: file.cid },
    { name: 'link', cid: link.cid },
    { name: 'inline', cid: CID.parse('bafkqaaa') },
  ]);
  const made = await alice.ipfs.importCar({ parent, content: inPieces(await carWith([root.cid], [root, file, link, ...parts, file]), 1) });
  assert.equal(made.root, root.cid.toString());
  assert.match(made.root, /^Qm/);
  assert.match(made.cid, /^bafy/);
  assert.equal(made.entry.name, made.root);
  assert.deepEqual(made.skipped, [`${made.root}/link`]);
  assert.equal((await read(alice, `/${made.root}/greeting`)).toString(), 'Hello, world');
  assert.equal((await read(alice, `/${made.root}/inline`)).length, 0);
  assert.deepEqual(
    files().filter((path) => path.includes('uploads')),
    [],
  );
});

test('a CAR that lies, lacks something or would do harm is refused whole, with the reason', async (t) => {
  verifies('drive.ipfs.car');
  const { drive, files } = await temporaryDrive(t, { options: { quota: 20 * MiB } });
  const alice = drive.of('alice');
  const { id: parent } = await alice.root();
  const hello = rawBlock('hello');
  const good = folderBlock([{ name: 'a', cid: hello.cid }]);
  const forged: Block = { cid: hello.cid, bytes: Buffer.from('hullo') };
  const named = (name: string) =>
    folderBlock([
      { name: 'first', cid: hello.cid },
      { name, cid: hello.cid },
    ]);
  const wrongSize = fileBlock([{ cid: hello.cid, size: 6 }]);
  const zeros = rawBlock(Buffer.alloc(MiB));
  let bomb: Block & { size: number } = { ...zeros, size: MiB };
  const bombs: Block[] = [zeros];
  for (let level = 0; level < 4; level++) {
    bomb = { ...fileBlock(Array.from({ length: 100 }, () => ({ cid: bomb.cid, size: bomb.size }))), size: bomb.size * 100 };
    bombs.push(bomb);
  }
  let tower = folderBlock([]);
  const towers = [tower];
  for (let level = 0; level < 300; level++) towers.push((tower = folderBlock([{ name: 'x', cid: tower.cid }])));
  let forest = folderBlock([{ name: 'leaf', cid: hello.cid }]);
  const forests = [hello, forest];
  for (let level = 0; level < 10; level++)
    forests.push((forest = folderBlock(Array.from({ length: 50 }, (_, index) => ({ name: `${index}`, cid: forest.cid })))));
  const car = await carWith([good.cid], [good, hello]);
  const headerOnly = carHeader([good.cid]);
  const withRaw = (bytes: Uint8Array) => Buffer.concat([headerOnly, bytes]);
  const cbor = cborBlock({ link: hello.cid });
  const blake = CID.createV1(0x55, {
    ...hello.cid.multihash,
    code: 0xb220,
    bytes: Buffer.from([0xa0, 0xe4, 0x02, 32, ...hello.cid.multihash.digest]),
  });

  const attempts: [what: string, car: Uint8Array, reason: RegExp, code?: string][] = [
    ['nothing', Buffer.alloc(0), /does not begin with a CAR header/],
    ['noise', Buffer.alloc(5000, 7), /does not begin with a CAR header|ends in the middle/],
    ['zip', Buffer.from('PK\x03\x04aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'), /header/],
    ['a version 2', Buffer.concat([Buffer.from('0aa16776657273696f6e02', 'hex'), Buffer.alloc(40)]), /version 2/],
    ['a huge header', Buffer.concat([encodeVarint(2 ** 40), Buffer.alloc(100)]), /header/],
    ['a huge section', withRaw(Buffer.concat([encodeVarint(2 ** 45), Buffer.alloc(100)])), /at most/],
    ['an endless length', withRaw(Buffer.alloc(20, 0xff)), /length that is none/],
    ['an empty section', withRaw(Buffer.alloc(1)), /empty section/],
    ['a block without a CID', withRaw(Buffer.concat([encodeVarint(5), Buffer.from('hello')])), /without a proper CID/],
    ['cut off', car.subarray(0, -1), /ends in the middle/],
    ['cut off in a length', Buffer.concat([car, Buffer.from([0x80])]), /ends in the middle/],
    ['forged bytes', await carWith([good.cid], [good, forged]), /are not the ones that its CID names/],
    ['another hash', await carWith([good.cid], [good, { cid: blake, bytes: hello.bytes }]), /other than SHA-256/],
    ['a block too large', await carWith([good.cid], [good, rawBlock(Buffer.alloc(2 * MiB + 1))]), /at most/],
    ['a missing file', await carWith([good.cid], [good]), /missing/],
    ['a missing root', await carWith([good.cid], [hello]), /missing/],
    ['no root', await carWith([], [hello]), /names 0 roots/],
    ['two roots', await carWith([good.cid, hello.cid], [good, hello]), /names 2 roots/],
    ['a part of another size', await carWith([wrongSize.cid], [wrongSize, hello]), /5 bytes where 6 were announced/],
    ['data', await carWith([cbor.cid], [cbor, hello]), /data of another kind/],
    ['a dag-pb node that is no UnixFS', await carWith([pbBlock({}).cid], [pbBlock({})]), /no UnixFS part/],
    ['a raw block as a folder', await carWith([CID.createV1(0x70, hello.cid.multihash)], [hello]), /not what its codec says/],
    ['a file of 100 TB in 5 blocks', await carWith([bomb.cid], bombs), /no room/, 'quota_exceeded'],
    ['folders without end', await carWith([tower.cid], towers), /deep/, 'too_deep'],
    ['folders times folders', await carWith([forest.cid], forests), /more than 100000|no room/],
    ['a way out', await carWith([named('..').cid], [named('..'), hello]), /means a folder by itself/, 'name_invalid'],
    ['a slash', await carWith([named('a/b').cid], [named('a/b'), hello]), /slash/, 'name_invalid'],
    ['no name', await carWith([named('').cid], [named(''), hello]), /name is needed/, 'name_invalid'],
    ['a control character', await carWith([named('a\nb').cid], [named('a\nb'), hello]), /control character/, 'name_invalid'],
    ['one name twice', await carWith([named('first').cid], [named('first'), hello]), /exists there already/, 'name_taken'],
  ];
  for (const [what, bytes, reason, code = 'car_invalid'] of attempts) {
    await assert.rejects(alice.ipfs.importCar({ parent, content: inPieces(bytes, 4096) }), (error: Error & { code?: string }) => {
      assert.match(error.message, reason, what);
      assert.equal(error.code, code, what);
      return true;
    });
    assert.deepEqual((await alice.list({ parent })).entries, [], what);
  }
  await assert.rejects(alice.ipfs.importCar({ parent, name: '../x', content: inPieces(car) }), { code: 'name_invalid' });
  await assert.rejects(alice.ipfs.importCar({ parent: 'x', content: inPieces(car) }), { code: 'entry_not_found' });
  const gone = AbortSignal.abort(new Error('gone'));
  await assert.rejects(alice.ipfs.importCar({ parent, content: inPieces(car), signal: gone }), /gone/);
  await drive.sweep();
  assert.deepEqual(
    files().filter((path) => path.includes('uploads')),
    [],
  );
  assert.equal((await alice.usage()).used, 0);
  assert.deepEqual(await drive.audit(), []);
});
