import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultLimits, type Offer } from '@freehold/protocol';
import { verifies } from '../../../../requirements/verifies.ts';
import { cgiEnvironment, redirectedRequest, type FunctionRequest } from './environment.ts';

const offer: Offer = {
  version: 1,
  name: 'f',
  interface: 'cgi',
  programs: [],
  limits: defaultLimits,
  prices: [],
  owner: '0x0000000000000000000000000000000000000000',
  createdAt: 1,
  expiresAt: 2,
  vary: ['accept-language', 'authorization', 'payment-signature', 'x-402-key', 'cookie', 'proxy'],
};
const request: FunctionRequest = {
  method: 'POST',
  path: '/a%20b',
  query: 'x=1',
  headers: {
    'accept-language': 'de',
    authorization: 'secret',
    cookie: 'secret',
    'payment-signature': 'secret',
    'x-402-key': 'secret',
    proxy: 'evil',
    'user-agent': 'curl',
    'content-type': 'text/csv',
  },
  server: { name: 'home', port: '4200', scheme: 'http' },
  remoteAddress: '10.0.0.9',
};

test('only listed headers reach the program, and never one that carries identity or money', () => {
  const environment = cgiEnvironment({ offer, offerId: 'ab', request, inputSize: 3 });
  assert.equal(environment['HTTP_ACCEPT_LANGUAGE'], 'de');
  assert.equal(environment['PATH_INFO'], '/a b');
  assert.equal(environment['CONTENT_TYPE'], 'text/csv');
  assert.equal(environment['CONTENT_LENGTH'], '3');
  assert.equal(environment['HTTP_USER_AGENT'], undefined);
  assert.doesNotMatch(JSON.stringify(environment), /secret|evil/);
});

test('a deterministic function does not see where or by whom it is called', () => {
  const environment = cgiEnvironment({ offer: { ...offer, deterministic: true }, offerId: 'ab', request, inputSize: 0 });
  assert.equal(environment['SERVER_NAME'], 'localhost');
  assert.equal(environment['REMOTE_ADDR'], '127.0.0.1');
});

test('NUL bytes and broken percent-encoding in the path are refused', () => {
  for (const path of ['/%00', '/%zz', '/%ff', '/..', '/a/%2e./b', '/a%2F..']) {
    assert.throws(() => cgiEnvironment({ offer, offerId: 'ab', request: { ...request, path }, inputSize: 0 }), { code: 'request_invalid' });
  }
});

const environmentOf = (given: Partial<FunctionRequest>, { inputSize = 0, ...rest }: Partial<Offer> & { inputSize?: number } = {}) =>
  cgiEnvironment({ offer: { ...offer, ...rest }, offerId: 'ab', request: { ...request, headers: {}, ...given }, inputSize });

test('the address of the caller is told only to who asks for it, and no header can pass for it', () => {
  verifies('compute.cgi.environment');
  const headers = { 'remote-addr': '6.6.6.6' };
  assert.equal(environmentOf({ headers })['REMOTE_ADDR'], '127.0.0.1');
  const asked = environmentOf({ headers }, { vary: ['remote-addr'] });
  assert.deepEqual([asked['REMOTE_ADDR'], asked['HTTP_REMOTE_ADDR']], ['10.0.0.9', undefined]);
});

test('a body that was announced has a length, be it 0', () => {
  verifies('compute.cgi.input');
  assert.equal(environmentOf({})['CONTENT_LENGTH'], undefined);
  assert.equal(environmentOf({ headers: { 'content-length': '0' } })['CONTENT_LENGTH'], '0');
  assert.equal(environmentOf({ headers: { 'transfer-encoding': 'chunked' } })['CONTENT_LENGTH'], '0');
  assert.equal(environmentOf({}, { inputSize: 7 })['CONTENT_LENGTH'], '7');
});

test('bytes that are UTF-8 arrive as they were sent', () => {
  const sent = Buffer.from('ä€').toString('latin1');
  const environment = environmentOf({ path: `/${sent}`, query: sent, headers: { 'accept-language': sent, cookie: `fn-a=${sent}` } });
  for (const name of ['PATH_INFO', 'QUERY_STRING', 'HTTP_ACCEPT_LANGUAGE', 'REQUEST_URI'])
    assert.ok(environment[name]?.includes('ä€'), `${name} is ${environment[name]}`);
  assert.equal(environment['HTTP_COOKIE'], 'a=ä€');
  assert.equal(environmentOf({ headers: { 'accept-language': 'caf\xe9' } })['HTTP_ACCEPT_LANGUAGE'], 'caf\xe9');
});

test('a request that a program sends on has no body, and is GET or HEAD', () => {
  verifies('compute.cgi.redirect');
  const headers = { 'content-type': 'text/x', 'content-length': '5', 'accept-language': 'de' };
  const to = { path: '/there', query: 'a=b' };
  const sent = redirectedRequest({ ...request, headers }, to);
  assert.deepEqual([sent.method, sent.path, sent.query, sent.headers], ['GET', '/there', 'a=b', { 'accept-language': 'de' }]);
  assert.equal(redirectedRequest({ ...request, method: 'HEAD' }, to).method, 'HEAD');
});
