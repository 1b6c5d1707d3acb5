import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verifies } from '../../../requirements/verifies.ts';
import { openSigning } from './signing.ts';
import { temporaryDrive } from './testing/temporary-drive.ts';

const maker = { account: '0xA11ce', app: 'app-1' };
const refused = { code: 'signature_invalid', status: 403 };

test('a signature is good for what it was made for, and no field of it can be changed', async (t) => {
  verifies('drive.links.signatures');
  const { drive, clock } = await temporaryDrive(t);
  const { signing } = drive;
  const made = await signing.sign({ entry: 'e1', action: 'read', maker });
  const link = { entry: 'e1', action: 'read', ...made } as const;
  assert.deepEqual(await signing.verify(link), maker);
  assert.ok(made.expires * 1000 > clock.now && made.expires * 1000 <= clock.now + 25 * 3_600_000);

  const [account = '', app = '', proof = ''] = made.signature.split('.');
  const other = (text: string) => Buffer.from(text).toString('base64url');
  for (const change of [
    { entry: 'e2' },
    { action: 'write' as const },
    { expires: made.expires + 1 },
    { signature: [other('0xB0b'), app, proof].join('.') },
    { signature: [account, other('app-2'), proof].join('.') },
    { signature: [account, '', proof].join('.') },
    { signature: [account, app, `${proof.slice(0, -1)}${proof.endsWith('A') ? 'B' : 'A'}`].join('.') },
    { signature: [account, app, proof.slice(0, -1)].join('.') },
    { signature: [account, app, proof, proof].join('.') },
    ...['', '.', '..', proof, 'é.é.é', '\u0000'.repeat(9)].map((signature) => ({ signature })),
  ])
    await assert.rejects(signing.verify({ ...link, ...change }), refused, JSON.stringify(change));
});

test('one for writing reads, too; one for reading never writes', async (t) => {
  verifies('drive.links.signatures');
  const { signing } = (await temporaryDrive(t)).drive;
  const write = await signing.sign({ entry: 'e', action: 'write', maker: { account: 'a', app: undefined } });
  await signing.verify({ entry: 'e', action: 'read', ...write });
  assert.deepEqual(await signing.verify({ entry: 'e', action: 'write', ...write }), { account: 'a', app: undefined });
});

test('links expire, are revoked together, and are known to every node of the database', async (t) => {
  verifies('drive.links.signatures');
  const { drive, database, clock } = await temporaryDrive(t);
  const { signing } = drive;
  await drive.of('alice').root();
  await drive.of('bob').root();
  const link = async (account: string, lifetime = 5000) => ({
    entry: 'e',
    action: 'read' as const,
    ...(await signing.sign({ entry: 'e', action: 'read', maker: { account, app: undefined }, lifetime })),
  });
  const short = await link('alice');
  clock.now += 10_000;
  await assert.rejects(signing.verify(short), { code: 'signature_expired', status: 403 });

  const [alices, bobs] = [await link('alice'), await link('bob')];
  const elsewhere = openSigning({ database, now: () => clock.now, randomFill: (bytes) => bytes.fill(9) });
  await elsewhere.verify(alices);
  await signing.revoke('alice');
  for (const node of [signing, elsewhere]) await assert.rejects(node.verify(alices), refused);
  await signing.verify(bobs);
  await signing.verify(await link('alice'));
});

test('a part is sent by a signature for this very part', async (t) => {
  verifies('drive.uploads.signed');
  const { signing } = (await temporaryDrive(t)).drive;
  const made = await signing.signPart({ upload: 'u', part: 1 });
  const part = { upload: 'u', part: 1, ...made };
  await signing.verifyPart(part);
  const link = await signing.sign({ entry: 'u', action: 'write', maker: { account: 'a', app: undefined } });
  for (const change of [{ upload: 'v' }, { part: 2 }, { expires: made.expires + 1 }, { signature: link.signature }, { signature: '' }])
    await assert.rejects(signing.verifyPart({ ...part, ...change }), refused);
});
