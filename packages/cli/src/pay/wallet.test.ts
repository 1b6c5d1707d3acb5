import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { verifies } from '../../../../requirements/verifies.ts';
import { openPaidServer } from '../testing/paid-server.ts';
import { curlMissing } from '../testing/real-curl.ts';
import { openTestDir, runCommand, type Options } from '../testing/run-command.ts';

const skip = curlMissing;
const main = fileURLToPath(new URL('../main.ts', import.meta.url));
const key = `0x${'11'.repeat(32)}`;

async function open(t: Parameters<typeof openTestDir>[0], options: Parameters<typeof openPaidServer>[1] = {}) {
  const dir = openTestDir(t);
  const server = await openPaidServer(t, options);
  const freehold = (args: string[], more: Options = {}) => runCommand(args, { dir, ...more });
  return { dir, freehold, buy: (args: string[], more: Options = {}) => freehold(['curl', '-s', '--key', key, ...args], more), ...server };
}

test('20 parallel processes with a session budget for 10 calls buy exactly 10', { skip }, async (t) => {
  verifies('payments.client.session', 'payments.client.budgets');
  const { dir, freehold, origin, seen } = await open(t);
  // What all of them load is compiled once.
  const environment = {
    PATH: process.env['PATH'],
    HOME: join(dir, 'home'),
    NODE_COMPILE_CACHE: join(dir, 'compiled'),
    FREEHOLD_KEY: key,
    FREEHOLD_MAX: '0.01',
  };
  const buyOne = (session: string): Promise<number> => {
    const { promise, resolve } = Promise.withResolvers<number>();
    const done = (error: unknown) => resolve(error instanceof Error && 'code' in error ? Number(error.code) : 0);
    execFile(process.execPath, [main, 'curl', '-s', '--session', session, `${origin}/paid`], { env: environment }, done);
    return promise;
  };
  assert.equal(await buyOne('first'), 0);
  const codes = await Promise.all(Array.from({ length: 20 }, () => buyOne('flock')));
  const count = (code: number) => codes.filter((each) => each === code).length;
  assert.deepEqual([count(0), count(121)], [10, 10], codes.join(' '));
  assert.equal(seen.filter(({ paid }) => paid).length, 11);
  const { stdout } = await freehold(['spend', '--session', 'flock', '--json']);
  const { payments, totals } = JSON.parse(stdout);
  assert.equal(payments.length, 10);
  assert.deepEqual(totals, [{ symbol: 'USDC', network: 'eip155:31337', decimals: 6, amount: '10000' }]);
});

test('limits come from the command line, else the environment, else the configuration', { skip }, async (t) => {
  verifies('payments.client.budgets');
  const { dir, buy, origin } = await open(t);
  const url = `${origin}/paid`;
  const code = async (args: string[], env: Record<string, string> = {}) => (await buy([...args, url], { env })).code;
  mkdirSync(join(dir, 'home/.config/freehold'), { recursive: true });
  const configured = (value: unknown) => writeFileSync(join(dir, 'home/.config/freehold/payments.json'), JSON.stringify(value));

  configured({ max: 'USDC@Mine:0.0009', networks: { Mine: 'eip155:31337' } });
  assert.equal(await code([]), 121);
  assert.equal(await code([], { FREEHOLD_MAX: '0.001' }), 0);
  assert.equal(await code([], { FREEHOLD_MAX: '1', FREEHOLD_PER_CALL_MAX: '0.0009' }), 121);
  assert.equal(await code(['--max', '0.0009'], { FREEHOLD_MAX: '1' }), 121);
  assert.equal(await code(['--max', '{"amount":0.001,"network":"Mine"}']), 0);
  assert.equal(await code(['--max', '1'], { FREEHOLD_PAY: 'EURC' }), 122);
  assert.equal(await code(['--max', '1', '--scheme', 'escrow']), 122);
  assert.equal(await code(['--max', '1', '--scheme', 'magic']), 2);
  configured({ max: 1 });
  const broken = await buy([url]);
  assert.equal(broken.code, 2);
  assert.match(broken.stderr, /payments\.json cannot be understood/);
  configured({ session: 'home', max: '0.0015' });
  assert.deepEqual([await code([]), await code([])], [0, 121], 'the configured session is one, whatever the command');
});

test('a dry run tells price, atomic units, network, receiver and what is left, pays nothing, and needs no key', { skip }, async (t) => {
  verifies('payments.client.inspect');
  const { freehold, buy, origin, seen } = await open(t);
  const { code, stdout, stderr } = await freehold(['curl', '-s', '--dry-run', '--max', '0.25', `${origin}/paid`]);
  assert.deepEqual([code, stdout], [0, '']);
  assert.match(stderr, /would pay 0\.001 test USDC to 0x70997970C51812dc3A010C7d01b50e0d17dc79C8 on eip155:31337 \(Local\)/);
  assert.match(stderr, /1000 atomic units of 0x5FbDB2315678afecb367f032d93F642f64180aa3, by exact/);
  assert.match(stderr, /your limit leaves 0\.249 test USDC after it/);
  assert.equal((await buy(['--dry-run', '--max', '0.0001', `${origin}/paid`])).code, 121);
  assert.equal(
    seen.some(({ paid }) => paid),
    false,
  );
  assert.match((await freehold(['spend'])).stdout, /Nothing was paid from here/);
});

test('spend lists what was paid, by session, state and time', { skip }, async (t) => {
  verifies('payments.client.ledger');
  const { buy, freehold, origin } = await open(t);
  await buy(['--session', 'a', `${origin}/paid?secret=1`]);
  await buy(['--session', 'b', '-d', 'x', `${origin}/paid`]);
  await buy(['--session', 'b', `${origin}/refusing`]);
  await buy(['--session', 'b', `${origin}/paid/dying`]);
  const { stdout } = await freehold(['spend']);
  assert.match(stdout, /^when +state +amount +token +network +session +call\n/);
  assert.match(stdout, /paid +0\.001 +USDC +eip155:31337 +a +GET http:\/\/127\.0\.0\.1:\d+\/paid\n/);
  assert.match(stdout, /\n0\.004 USDC on eip155:31337\n$/);
  assert.doesNotMatch(stdout, /secret/);
  const list = async (...args: string[]) =>
    JSON.parse((await freehold(['spend', '--json', ...args])).stdout).payments as { state: string }[];
  assert.deepEqual(
    (await list('--session', 'b')).map(({ state }) => state),
    ['sent', 'refused', 'paid'],
  );
  assert.equal((await list('--state', 'sent', '--since', '1h')).length, 1);
  assert.equal((await list('--limit', '2')).length, 2);
  assert.equal((await freehold(['spend', '--state', 'lost'])).code, 2);
  assert.match((await freehold(['spend', 'check'])).stdout, /2 can still be cashed/);
});

test('inspect shows the terms of version 1 and 2, readable and as JSON', async (t) => {
  verifies('payments.client.inspect');
  const { freehold, origin, seen } = await open(t);
  const { code, stdout } = await freehold(['inspect', `${origin}/paid`]);
  assert.equal(code, 0);
  assert.match(stdout, /x402 version 2\)[\s\S]*exact: 0\.001 USDC on eip155:31337 \(Local\)\n +1000 atomic units of 0x5Fb/);
  const json = JSON.parse((await freehold(['inspect', '--json', `${origin}/paid`])).stdout);
  assert.deepEqual([json.x402Version, json.accepts[0].price, json.accepts[0].amount], [2, '0.001', '1000']);
  assert.equal(
    seen.every(({ paid }) => !paid),
    true,
  );
  assert.match((await freehold(['inspect', `${origin}/status/200`])).stderr, /asks for no payment: it answered 200/);
  assert.match((await freehold(['inspect', `${origin}/plain-402`])).stderr, /names no terms/);
  assert.equal((await freehold(['inspect', 'ftp://a'])).code, 2);

  const terms = {
    x402Version: 1,
    error: 'X-PAYMENT header is required\u001b[31m',
    accepts: [
      {
        scheme: 'exact',
        network: 'base-sepolia',
        maxAmountRequired: '10000',
        resource: 'http://seller.example/weather',
        description: 'The weather',
        mimeType: '',
        payTo: '0x70997970C51812dc3A010C7d01b50e0d17dc79C8',
        maxTimeoutSeconds: 60,
        asset: '0x036CbD53842c5426634e7929541eC2318f3dCF7e',
        extra: { name: 'USDC', version: '2' },
      },
    ],
  };
  const old = createServer((_request, response) =>
    response.writeHead(402, { 'content-type': 'application/json' }).end(JSON.stringify(terms)),
  );
  await new Promise<void>((resolve) => old.listen(0, '127.0.0.1', resolve));
  t.after(() => old.close());
  const shown = await freehold(['inspect', `http://127.0.0.1:${(old.address() as AddressInfo).port}/`]);
  assert.match(
    shown.stdout,
    /weather +\(x402 version 1\)\n +The weather[\s\S]*exact: 0\.01 USDC on eip155:84532 \(BaseSepolia\)[\s\S]*X-PAYMENT header is required \[31m/,
  );
});
