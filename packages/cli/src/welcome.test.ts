import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verifies } from '../../../requirements/verifies.ts';
import { welcome, type Welcome } from './welcome.ts';

const facts: Welcome = {
  version: '0.1.0',
  url: 'http://localhost:4200',
  dataDirectory: '/data',
  testMoney: true,
  chainRefusal: undefined,
  sandbox: { native: undefined, wasm: undefined, javascript: undefined },
  claimCode: 'ABCD-1234',
};

test('a first start shows address, test money, the claim code once, and three next steps', () => {
  verifies('foundation.cli');
  const text = welcome(facts);
  assert.match(text, /Address +http:\/\/localhost:4200\n/);
  assert.match(text, /TEST MONEY/);
  assert.equal(text.match(/ABCD-1234/g)?.length, 1);
  assert.deepEqual(text.match(/^ {2}\d\. /gm), ['  1. ', '  2. ', '  3. ']);
});

test('an owned node shows no code; what is missing is told', () => {
  verifies('foundation.cli');
  const text = welcome({
    ...facts,
    claimCode: undefined,
    chainRefusal: 'There is no chain.',
    sandbox: { native: 'No Landlock.', wasm: undefined, javascript: undefined },
  });
  assert.doesNotMatch(text, /claim|TEST MONEY/i);
  assert.match(text, /There is no chain\.[\s\S]*No Landlock\./);
  assert.match(welcome({ ...facts, testMoney: false }), /Money +real/);
});
