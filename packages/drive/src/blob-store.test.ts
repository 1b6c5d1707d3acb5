import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { verifies } from '../../../requirements/verifies.ts';
import { blobFolder } from './cid.ts';
import { openDrive } from './drive.ts';
import { keyStream, sha256Of } from './testing/key-stream.ts';
import { storages, temporaryDrive } from './testing/temporary-drive.ts';

const big = () => keyStream('big', 1_500_000);
const small = () => keyStream('small', 3000);

for (const storage of storages) {
  test(`${storage}: equal content is kept once, and goes after the last who names it and the grace period`, async (t) => {
    verifies('drive.scale.contract');
    const { drive, files, clock } = await temporaryDrive(t, { storage, options: { grace: 1000 } });
    const [alice, bob] = [drive.of('alice'), drive.of('bob')];
    const write = async (handle: typeof alice, name: string, content: AsyncIterable<Uint8Array>) =>
      handle.writeFile({ parent: (await handle.root()).id, name, content });
    const first = await write(alice, 'one', big());
    const second = await write(alice, 'two', big());
    const third = await write(bob, 'three', big());
    await write(alice, 'small one', small());
    await write(bob, 'small two', small());
    assert.deepEqual(new Set([first.cid, second.cid, third.cid]).size, 1);
    assert.equal(files().length, 1);
    assert.deepEqual(await drive.usage(), { drives: 2, used: 3 * 1_500_000 + 2 * 3000, blobs: 2, stored: 1_503_000 });

    await alice.deleteForever(first.id);
    await bob.deleteForever(third.id);
    clock.now += 5000;
    assert.deepEqual(await drive.sweep(), { orphans: 0, collected: 0 });
    assert.equal(await sha256Of((await alice.read(second.id)).stream), await sha256Of(big()));

    await alice.deleteForever(second.id);
    assert.deepEqual(await drive.sweep(), { orphans: 0, collected: 0 }, 'the grace period is not over');
    clock.now += 5000;
    assert.deepEqual(await drive.sweep(), { orphans: 0, collected: 1 });
    assert.deepEqual(files(), []);
    assert.deepEqual(await drive.audit({ rehash: true }), []);
  });

  test(`${storage}: content that comes back within the grace period is simply there again`, async (t) => {
    const { drive, files, clock } = await temporaryDrive(t, { storage, options: { grace: 1000 } });
    const alice = drive.of('alice');
    const { id: parent } = await alice.root();
    const first = await alice.writeFile({ parent, name: 'x', content: big() });
    await alice.deleteForever(first.id);
    const again = await alice.writeFile({ parent, name: 'x', content: big() });
    clock.now += 5000;
    assert.deepEqual(await drive.sweep(), { orphans: 0, collected: 0 });
    assert.equal(files().length, 1);
    assert.equal(await sha256Of((await alice.read(again.id)).stream), await sha256Of(big()));
  });

  test(`${storage}: collecting and uploading the same content at the same time never loses it`, async (t) => {
    const { drive } = await temporaryDrive(t, { storage, options: { grace: 0 } });
    const alice = drive.of('alice');
    const { id: parent } = await alice.root();
    for (let round = 0; round < 15; round++) {
      const [kept] = await Promise.all([
        alice.writeFile({ parent, name: `${round}`, content: keyStream('same', 70_000) }),
        drive.sweep(),
        alice.writeFile({ parent, name: `${round} too`, content: keyStream('same', 70_000) }).then(({ id }) => alice.deleteForever(id)),
        drive.sweep(),
      ]);
      assert.equal(await sha256Of((await alice.read(kept.id)).stream), await sha256Of(keyStream('same', 70_000)));
      await alice.deleteForever(kept.id);
    }
    await drive.sweep();
    assert.deepEqual(await drive.audit(), []);
  });
}

test('a start removes what a crash left: uploads under way and files that no row names; what is not ours stays', async (t) => {
  const { drive, directory, database, files } = await temporaryDrive(t);
  const alice = drive.of('alice');
  const kept = await alice.writeFile({ parent: (await alice.root()).id, name: 'kept', content: big() });
  const orphan = 'bafybeigmix7t42i6jacydtquhet7srwvgpizfg7gjbq7627d35mjomtu64';
  const orphanPath = join(directory, 'blobs', ...blobFolder(orphan), orphan);
  mkdirSync(dirname(orphanPath), { recursive: true });
  writeFileSync(orphanPath, 'x');
  writeFileSync(join(directory, 'uploads', 'half'), 'x');
  writeFileSync(join(directory, 'blobs', 'notes.txt'), 'x');
  const swept = Promise.withResolvers<void>();
  const told: unknown[] = [];
  const next = openDrive({
    database,
    directory,
    log(event, fields) {
      told.push({ event, ...fields });
      if (event === 'drive.swept') swept.resolve();
    },
  });
  await next.start();
  await swept.promise;
  assert.deepEqual(told, [
    { event: 'drive.uploads_removed', broken: 1 },
    { event: 'drive.swept', orphans: 1, collected: 0 },
  ]);
  await next.stop();
  assert.deepEqual(new Set(files().map((path) => path.split('/').at(-1))), new Set([kept.cid, 'notes.txt']));
});
