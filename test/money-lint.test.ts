import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { verifies } from '../requirements/verifies.ts';
import { root } from './harness/node-process.ts';

const place = mkdtempSync(join(tmpdir(), 'freehold-money-'));
after(() => rmSync(place, { recursive: true, force: true }));
const config = join(place, 'oxlint.json');
writeFileSync(
  config,
  JSON.stringify({
    plugins: [],
    jsPlugins: [join(root, 'scripts', 'lint', 'house-rules.js')],
    categories: { correctness: 'off' },
    rules: { 'house/no-float-money': 'error' },
  }),
);

/** The lines of a file that the rule refuses. */
function refusedLines(text: string, path = 'packages/payments/src/planted.ts'): number[] {
  const file = join(place, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  const { stdout } = spawnSync(process.execPath, [join(root, 'node_modules/oxlint/bin/oxlint'), '-c', config, '-f', 'json', file], {
    encoding: 'utf8',
  });
  const { diagnostics } = JSON.parse(stdout) as { diagnostics: { labels: { span: { line: number } }[] }[] };
  return diagnostics.map(({ labels }) => labels[0]?.span.line ?? 0).toSorted((a, b) => a - b);
}

const offences = [
  'export const parsed = (amount: string) => parseFloat(amount);',
  'export const counted = (terms: { amount: string }) => Number(terms.amount);',
  'export const read = (price: string) => Number.parseInt(price, 10);',
  'export const big = (balance: bigint) => Number(BigInt(balance) / 2n);',
  'export const text = (totalAmount: bigint) => Number(String(totalAmount));',
  'export const signed = (amount: string) => +amount;',
  'export const rounded = (amount: bigint) => Math.round(amount as never);',
  'export const half = (amount: never) => amount / 2;',
  'export const more = (amount: never) => 1.5 * amount;',
  'export const compared = (price: bigint) => price > 10;',
  'export const shown = (dollars: { toFixed(digits: number): string }) => dollars.toFixed(2);',
  'export type Priced = { price: number };',
  'export type Maybe = { maxAmount?: number | undefined };',
  'export class Kept { balance: number[] = []; }',
  'export const given = (amount: number) => amount;',
  'export const most = { amount: 1000 };',
  'export const allowance = 0.1;',
  'export const schema = (z: { number(): { int(): unknown } }) => ({ amount: z.number().int() });',
];
const innocent = [
  'export const sum = (amount: bigint, price: bigint) => amount * 125n / 100n + price;',
  'export const wire = (amount: bigint) => ({ amount: String(amount), payments: 3 });',
  "export const free = ({ amount }: { amount: string }) => amount === '0';",
  'export const length = (amounts: readonly bigint[]) => Number(amounts.length) / 2;',
  'export const pause = (pollMs: number) => Math.min(pollMs * 1.5, 500);',
  'export const schema = (z: { string(): unknown }) => ({ amount: z.string() });',
];

test('every planted use of a floating-point number for money is refused, and nothing else', () => {
  verifies('payments.money.integers');
  assert.deepEqual(
    refusedLines(offences.join('\n')),
    offences.map((_, index) => index + 1),
  );
  assert.deepEqual(refusedLines(innocent.join('\n')), []);
});

test('the rule is on for the whole product, with no exception outside of tests', () => {
  verifies('payments.money.integers');
  const settings = readFileSync(join(root, '.oxlintrc.jsonc'), 'utf8');
  assert.equal(settings.match(/house\/no-float-money/g)?.length, 1);
  assert.match(settings, /"house\/no-float-money": "error"/);
  const { stdout } = spawnSync('git', ['grep', '-l', 'oxlint-disable.*no-float-money', '--', 'packages', 'scripts'], {
    cwd: root,
    encoding: 'utf8',
  });
  assert.deepEqual(
    stdout.split('\n').filter((name) => name !== '' && !name.endsWith('.test.ts')),
    [],
  );
});
