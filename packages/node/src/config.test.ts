import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { verifies } from '../../../requirements/verifies.ts';
import { readConfig } from './config.ts';
import { makeDataDirectory } from './data-directory.ts';

test('flags win over the environment, which wins over the defaults', () => {
  const environment = { HOME: '/home/mae', FREEHOLD_PORT: '5000', FREEHOLD_ORIGIN: 'https://a.example, https://b.example/' };
  const config = readConfig({ environment, flags: { port: '6000', data: '/tmp/x' } });
  assert.equal(config.port, 6000);
  assert.equal(config.dataDirectory, '/tmp/x');
  assert.equal(config.host, '127.0.0.1');
  assert.deepEqual(config.origins, ['https://a.example', 'https://b.example']);
  assert.deepEqual(readConfig({ environment: { FREEHOLD_TARGETS: 'nas.local:80, [fd00::1]:443' } }).targets, [
    'nas.local:80',
    '[fd00::1]:443',
  ]);
  assert.equal(readConfig({ environment, flags: { port: undefined } }).port, 5000);
});

test('a bad setting is refused by the name and source that the person used', () => {
  const refuse = (given: Parameters<typeof readConfig>[0], message: RegExp) =>
    assert.throws(
      () => readConfig(given),
      (error: Error & { code?: string }) => error.code === 'config_invalid' && message.test(error.message),
    );
  refuse({ environment: { FREEHOLD_PORT: 'abc' }, flags: { port: undefined } }, /FREEHOLD_PORT .*number/);
  refuse({ environment: {}, flags: { port: '99999' } }, /--port/);
  refuse({ environment: { FREEHOLD_OWNER: '0x1' } }, /FREEHOLD_OWNER .*40 hexadecimal/);
  refuse({ environment: { FREEHOLD_ORIGIN: 'example.org/path' } }, /FREEHOLD_ORIGIN/);
  refuse({ environment: { FREEHOLD_LOG: 'loud' } }, /FREEHOLD_LOG/);
  refuse({ environment: { FREEHOLD_TARGETS: 'nas.local' } }, /FREEHOLD_TARGETS .*hosts with ports.*"nas.local"/);
});

test('a data directory is made for its owner alone; one that cannot be used is refused with the reason', () => {
  const place = mkdtempSync(join(tmpdir(), 'freehold-config-'));
  try {
    const directory = join(place, 'a', 'b');
    makeDataDirectory(directory);
    makeDataDirectory(directory);
    assert.equal(statSync(directory).mode & 0o777, 0o700);
    writeFileSync(join(place, 'file'), '');
    for (const bad of [join(place, 'file'), join(place, 'file', 'below'), '/proc/freehold']) {
      assert.throws(() => makeDataDirectory(bad), { code: 'data_unusable' }, bad);
    }
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
});

test('PostgreSQL and S3 are read from the names that platforms give them, whole or not at all', () => {
  verifies('drive.scale.settings');
  const s3 = {
    S3_ENDPOINT: 'https://s3.example.org',
    S3_BUCKET: 'cloud',
    S3_ACCESS_KEY_ID: 'key',
    S3_SECRET_ACCESS_KEY: 'hush',
  };
  const url = 'postgres://mae:hush@db.example.org/freehold';
  const config = readConfig({ environment: { DATABASE_URL: url, ...s3, S3_PREFIX: 'a/b' } });
  assert.equal(config.databaseUrl, url);
  assert.deepEqual(config.bucket, {
    endpoint: 'https://s3.example.org',
    bucket: 'cloud',
    region: 'us-east-1',
    accessKeyId: 'key',
    secretAccessKey: 'hush',
    prefix: 'a/b',
  });
  const neither = readConfig({ environment: { DATABASE_URL: '', S3_ENDPOINT: '' } });
  assert.deepEqual([neither.databaseUrl, neither.bucket], [undefined, undefined]);
  const refuse = (environment: Record<string, string>, message: RegExp) =>
    assert.throws(
      () => readConfig({ environment }),
      (error: Error & { code?: string }) =>
        error.code === 'config_invalid' && message.test(error.message) && !error.message.includes('hush'),
    );
  refuse({ DATABASE_URL: 'mysql://mae:hush@db/freehold' }, /DATABASE_URL must name a PostgreSQL database/);
  refuse({ DATABASE_URL: 'postgres://mae:hush@db' }, /DATABASE_URL/);
  refuse({ ...s3, S3_BUCKET: '' }, /S3_BUCKET must be set/);
  refuse({ S3_REGION: 'eu' }, /S3_ENDPOINT and S3_BUCKET and S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY/);
  refuse({ ...s3, S3_ENDPOINT: 's3.example.org' }, /S3_ENDPOINT/);
  refuse({ ...s3, S3_PREFIX: '../x' }, /S3_PREFIX/);
});
