import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { test } from 'node:test';
import { encode } from '@ipld/dag-cbor';
import { base58btc } from 'multiformats/bases/base58';
import { verifies } from '../../../../requirements/verifies.ts';
import { ipnsKey, ipnsRecord, type RecordParts } from '../testing/ipns.ts';
import { temporaryDrive } from '../testing/temporary-drive.ts';
import { ipnsName } from './ipns-name.ts';

test('a record is kept as it was signed, under each spelling of its name, until a newer one comes', async (t) => {
  verifies('drive.ipfs.trustless');
  const { drive } = await temporaryDrive(t);
  const [alice, bob] = [drive.of('alice'), drive.of('bob')];
  const key = ipnsKey();
  const first = ipnsRecord(key, { value: '/ipfs/bafkqaaa/a' });
  await assert.rejects(drive.published.record(key.name), { code: 'record_not_found' });
  await alice.ipfs.putRecord(key.peerId, first);
  assert.deepEqual(Buffer.from((await drive.published.record(key.name)).bytes), first);
  assert.deepEqual(await drive.published.resolveName(key.peerId), { path: '/ipfs/bafkqaaa/a', ttl: 1_800_000 });
  await alice.ipfs.putRecord(key.name, first);
  const newer = ipnsRecord(key, { sequence: 2 });
  await bob.ipfs.putRecord(key.name, newer);
  assert.equal((await drive.published.record(key.name)).sequence, 2n);
  for (const old of [first, ipnsRecord(key, { sequence: 2, validUntil: 3_999_999_999_000 })])
    await assert.rejects(alice.ipfs.putRecord(key.name, old), { code: 'record_outdated' });
  assert.deepEqual(
    (await alice.ipfs.records()).records.map(({ name }) => name),
    [key.name],
    'it stays with who brought it',
  );
  await assert.rejects(bob.ipfs.removeRecord(key.name), { code: 'record_not_found' });
  await alice.ipfs.removeRecord(key.name);
  await assert.rejects(drive.published.record(key.name), { code: 'record_not_found' });
});

test('names point at names, for a while and with their paths; what has ended is gone', async (t) => {
  verifies('drive.ipfs.trustless');
  const { drive, clock } = await temporaryDrive(t);
  const alice = drive.of('alice');
  const [one, two] = [ipnsKey(), ipnsKey()];
  await alice.ipfs.putRecord(one.name, ipnsRecord(one, { value: `/ipns/${two.peerId}/b/`, ttl: 60 }));
  await alice.ipfs.putRecord(two.name, ipnsRecord(two, { value: '/ipfs/bafkqaaa/a', validUntil: clock.now + 1_000_000 }));
  assert.deepEqual(await drive.published.resolveName(one.name), { path: '/ipfs/bafkqaaa/a/b', ttl: 60_000 });
  await alice.ipfs.putRecord(one.name, ipnsRecord(one, { value: `/ipns/${one.name}`, sequence: 2 }));
  await assert.rejects(drive.published.resolveName(one.name), { code: 'record_not_found' });
  clock.now += 2_000_000;
  await assert.rejects(drive.published.record(two.name), { code: 'record_not_found' });
  await alice.ipfs.putRecord(two.name, ipnsRecord(two, { sequence: 0 }));
});

test('RSA keys are known too, by the key in the record', async (t) => {
  const { drive, clock } = await temporaryDrive(t);
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const der = publicKey.export({ format: 'der', type: 'spki' });
  const wire = Buffer.concat([Buffer.from([8, 0, 18, 0x80 | (der.length & 0x7f), der.length >> 7]), der]);
  const name = base58btc.baseEncode(Buffer.concat([Buffer.from([0x12, 32]), createHash('sha256').update(wire).digest()]));
  const record = ipnsRecord(ipnsKey(), {
    change({ signed, outer }) {
      const data = encode(signed);
      outer.set(7, wire);
      outer.set(8, sign('sha256', Buffer.concat([Buffer.from('ipns-signature:'), data]), privateKey));
    },
  });
  const kept = await drive.of('alice').ipfs.putRecord(name, record);
  assert.equal(kept.name, ipnsName(name));
  assert.ok(kept.validUntil > clock.now);
});

test('records that are forged, old-fashioned or no records are refused', async (t) => {
  verifies('drive.ipfs.trustless');
  const { drive, clock } = await temporaryDrive(t);
  const alice = drive.of('alice');
  const key = ipnsKey();
  const refused: [what: string, parts: RecordParts, reason: RegExp][] = [
    ['ended', { validUntil: clock.now - 1 }, /no longer valid/],
    ['another value outside', { change: ({ outer }) => void outer.set(1, Buffer.from('/ipfs/bafkqaab')) }, /outer fields/],
    ['another sequence outside', { change: ({ outer }) => void outer.set(5, 7) }, /outer fields/],
    ['another ttl outside', { change: ({ outer }) => void outer.set(6, 7) }, /outer fields/],
    ['another validity outside', { change: ({ outer }) => void outer.set(4, Buffer.from('2099-01-01T00:00:00Z')) }, /outer fields/],
    ['another kind of validity', { change: ({ outer, signed }) => ((signed['ValidityType'] = 1), outer.delete(3)) }, /unknown kind/],
    ['only version 1', { change: ({ outer }) => outer.set(8, Buffer.alloc(0)).set(9, Buffer.alloc(0)) }, /signature/],
    ['a broken signature', { change: ({ outer }) => void outer.set(8, Buffer.alloc(64, 2)) }, /signature/],
    ['other data than was signed', { change: ({ outer, signed }) => void outer.set(9, Buffer.from(JSON.stringify(signed))) }, /signature/],
    ['no value', { change: ({ outer, signed }) => (delete signed['Value'], outer.delete(1)) }, /no Value/],
    ['a negative sequence', { change: ({ outer, signed }) => ((signed['Sequence'] = -1), outer.delete(5)) }, /Sequence/],
    ['a time that is none', { change: ({ outer, signed }) => ((signed['Validity'] = Buffer.from('soon')), outer.delete(4)) }, /none/],
    ['a web address', { value: 'https://example.org' }, /points at/],
    ['too large', { value: `/ipfs/${'x'.repeat(11_000)}` }, /at most/],
  ];
  for (const [what, parts, reason] of refused)
    await assert.rejects(alice.ipfs.putRecord(key.name, ipnsRecord(key, parts)), (error: Error & { code?: string }) => {
      assert.match(error.message, reason, what);
      assert.equal(error.code, 'record_invalid');
      return true;
    });
  await assert.rejects(alice.ipfs.putRecord(ipnsKey().name, ipnsRecord(key)), /signature/);
  for (const bytes of [Buffer.alloc(0), Buffer.alloc(100, 0xff), Buffer.from('{}')])
    await assert.rejects(alice.ipfs.putRecord(key.name, bytes), { code: 'record_invalid' });
  for (const name of ['', 'x', 'example.org', 'bafkqaaa', 'k', 'Qm', `${key.name}0`, 'k'.repeat(5000)])
    await assert.rejects(alice.ipfs.putRecord(name, ipnsRecord(key)), { code: 'record_invalid' });
});
