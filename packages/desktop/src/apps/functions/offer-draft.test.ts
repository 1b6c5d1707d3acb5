import assert from 'node:assert/strict';
import { test } from 'node:test';
import { address, cidOf, rawCodec, type ProgramInfo } from '@freehold/protocol';
import { terminalLine } from './call-example.ts';
import { dayOf, newDraft, offerOf, suggestName } from './offer-draft.ts';

const now = new Date(2026, 10, 20, 12).getTime();
const owner = address.parse('0x00000000000000000000000000000000000000aa');
const token = { network: 'eip155:31337', asset: owner, symbol: 'USDC', decimals: 6, domain: { name: 'USDC', version: '2' } };
const cid = cidOf(rawCodec, new Uint8Array(32));
const program: ProgramInfo = {
  cid,
  size: 8,
  kind: 'core',
  runtime: 'wasm',
  exports: [{ name: 'add', parameters: ['f64', 'f64'], results: ['f64'] }],
  refusal: null,
};
const draft = newDraft({ fileName: 'add.wasm', now });
const context = { program, token, owner, now };

test('a file name becomes a label for an address', () => {
  assert.deepEqual(['add.wasm', 'My Program v2.wasm', 'Überprüfung.elf', '…', '---a---', 'x'.repeat(100)].map(suggestName), [
    'add',
    'my-program-v2',
    'uberprufung',
    'function',
    'a',
    'x'.repeat(63),
  ]);
});

test('the untouched form is a valid offer of the program', () => {
  const made = offerOf(draft, context);
  assert.ok('offer' in made);
  assert.deepEqual(made.offer.programs, [{ runtime: 'wasm', cid }]);
  assert.deepEqual(made.offer.prices, [{ network: token.network, asset: owner, amount: '10000', payTo: owner }]);
  assert.equal(made.offer.description, undefined);
  assert.equal(made.offer.deterministic, undefined);
  assert.equal(dayOf(made.offer.expiresAt), draft.expires);
});

test('what is wrong is told beside its field', () => {
  const made = offerOf(
    { ...draft, name: 'Add Things', price: '0,1', expires: dayOf(now - 86_400_000), memoryMiB: '5000', inputMiB: '' },
    context,
  );
  assert.ok('problems' in made);
  assert.deepEqual(Object.keys(made.problems).sort(), ['expires', 'inputMiB', 'memoryMiB', 'name', 'price']);
  const tooFine = offerOf({ ...draft, price: '0.0000001' }, context);
  assert.ok('problems' in tooFine && tooFine.problems.price);
});

test('an offer may end today and may be free', () => {
  assert.ok('offer' in offerOf({ ...draft, expires: dayOf(now), price: '0' }, context));
});

test('the line for a terminal is quoted for a shell where it must be, and runs what is run', () => {
  const line = (contract: 'cgi' | 'batch', path: string) =>
    terminalLine({ offer: { name: 'add', interface: contract }, example: `http://localhost:4200${path}` });
  assert.equal(line('cgi', '/add.cgi/add?a=6&b=7'), `freehold curl 'http://localhost:4200/add.cgi/add?a=6&b=7'`);
  assert.equal(line('cgi', '/add.cgi'), 'freehold curl http://localhost:4200/add.cgi');
  assert.equal(line('batch', '/api/offers/add/run'), 'freehold run add');
});
