import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultLimits, zeroAddress, type Offer } from '@freehold/protocol';
import { verifies } from '../../../requirements/verifies.ts';
import type { FunctionRequest } from './cgi/environment.ts';
import { openIdentify } from './identify.ts';
import type { ProgramRow } from './store.ts';

const offer: Offer = {
  version: 1,
  name: 'f',
  interface: 'cgi',
  programs: [],
  limits: defaultLimits,
  prices: [],
  owner: zeroAddress,
  createdAt: 1,
  expiresAt: 2,
  deterministic: true,
};
const request: FunctionRequest = {
  method: 'POST',
  path: '/',
  query: '',
  headers: {},
  server: { name: 'home', port: '4200', scheme: 'http' },
  remoteAddress: '10.0.0.1',
};
const program: ProgramRow = {
  cid: 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku',
  size: 1,
  kind: 'wasi',
  runtime: 'wasm',
  exports: [],
};

/** What calls of one node come to, one after the other. */
const plansOf = (vary: string[], ...requests: Partial<FunctionRequest>[]) => {
  const identify = openIdentify({ key: Buffer.alloc(32) });
  const call = { id: 'ab', offer: { ...offer, vary }, program };
  return requests.map((given) => identify.call({ call, request: { ...request, ...given }, input: Buffer.alloc(0) }));
};

test('equal calls of a deterministic function are identified once', () => {
  const [first, second] = plansOf([], {}, { remoteAddress: '10.0.0.2', headers: { 'user-agent': 'curl' } });
  assert.equal(second, first);
});

test('no call is taken for an earlier one that its program could tell from it', () => {
  verifies('compute.cgi.environment');
  const [first, second] = plansOf(['remote-addr'], {}, { remoteAddress: '10.0.0.2' });
  assert.deepEqual([first?.run.env['REMOTE_ADDR'], second?.run.env['REMOTE_ADDR']], ['10.0.0.1', '10.0.0.2']);
  assert.notEqual(second?.requestId, first?.requestId);
  const announced = plansOf([], {}, { headers: { 'content-length': '0' } }, { headers: { 'transfer-encoding': 'chunked' } });
  assert.deepEqual(
    announced.map(({ run }) => run.env['CONTENT_LENGTH']),
    [undefined, '0', '0'],
  );
});
