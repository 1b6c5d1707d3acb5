import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { verifies } from '../../../../requirements/verifies.ts';
import { openPaidServer, sha256, testToken, transaction } from '../testing/paid-server.ts';
import { curlMissing } from '../testing/real-curl.ts';
import { openTestDir, runCommand, type Options } from '../testing/run-command.ts';

const skip = curlMissing;
const key = `0x${'11'.repeat(32)}`;
const empty = sha256('');

/** `freehold curl` with a key, in a directory with a file `data`, against a server that sells. */
async function open(t: Parameters<typeof openTestDir>[0], options: Parameters<typeof openPaidServer>[1] = {}) {
  const dir = openTestDir(t);
  writeFileSync(join(dir, 'data'), 'line one\r\nline two\n');
  const server = await openPaidServer(t, options);
  const buy = (args: string[], options: Options = {}) => runCommand(['curl', '--key', key, ...args], { dir, ...options });
  return { dir, buy, ...server };
}

test('a paid answer comes out as if it had been free, whatever the request is made of', { skip }, async (t) => {
  verifies('foundation.curl.transparent');
  const { buy, origin, dir, seen } = await open(t);
  const data = readFileSync(join(dir, 'data'));
  const url = `${origin}/paid`;
  const calls: [string[], string, string?][] = [
    [['-s', url], `paid GET 0 ${empty}\n`],
    [['-s', '-d', '@data', url], `paid POST 16 ${sha256('line oneline two')}\n`],
    [['-s', '--data-binary', '@data', url], `paid POST ${data.length} ${sha256(data)}\n`],
    [['-s', '-d', '@-', url], `paid POST 5 ${sha256('hello')}\n`, 'hello\n'],
    [['-s', '--data-binary', '@-', url], `paid POST 6 ${sha256('hello\n')}\n`, 'hello\n'],
    [['-s', '-T', '-', url], `paid PUT 6 ${sha256('hello\n')}\n`, 'hello\n'],
    [['-s', '-T', 'data', url], `paid PUT ${data.length} ${sha256(data)}\n`],
    [['-s', '--json', '{"a":1}', url], `paid POST 7 ${sha256('{"a":1}')}\n`],
    [['-s', '-w', '%{http_code} %{method}\\n', url], `paid GET 0 ${empty}\n200 GET\n`],
    [['-s', '-f', url], `paid GET 0 ${empty}\n`],
    [['-s', '-f', '--retry', '2', '--retry-all-errors', url], `paid GET 0 ${empty}\n`],
    [['-sL', `${origin}/moved`], `paid GET 0 ${empty}\n`],
    [['-sL', '-d', 'x', `${origin}/moved`], `paid POST 1 ${sha256('x')}\n`],
    [['-s', '--', url], `paid GET 0 ${empty}\n`],
    [['-s', '-K', '-'], `paid GET 0 ${empty}\n`, `url = ${url}\n`],
    [['-s', '-D', 'heads', url], `paid GET 0 ${empty}\n`],
  ];
  for (const [args, expected, stdin = ''] of calls) {
    const { code, stdout, stderr } = await buy(args, { stdin });
    assert.deepEqual({ stdout, stderr, code }, { stdout: expected, stderr: '', code: 0 }, args.join(' '));
  }
  assert.match(readFileSync(join(dir, 'heads'), 'utf8'), /^HTTP\/1.1 200 [\s\S]*x-paid: 1/);

  const form = await buy(['-s', '-F', 'file=@data', '-F', 'typed=@-;type=text/plain', url], { stdin: 'from stdin' });
  assert.match(form.stdout, /^paid POST/);
  assert.match(seen.at(-1)?.body.toString() ?? '', /line two[\s\S]*text\/plain[\s\S]*from stdin/);

  const head = await buy(['-sI', url]);
  assert.match(head.stdout, /^HTTP\/1.1 200 [\s\S]*x-paid: 1/);
  const included = await buy(['-si', url]);
  assert.match(included.stdout, /^HTTP\/1.1 200 [\s\S]*x-paid: 1[\s\S]*\r\n\r\npaid GET 0/);
  const dumped = await buy(['-s', '-D', '-', url]);
  assert.match(dumped.stdout, /^HTTP\/1.1 200 [\s\S]*x-paid: 1[\s\S]*\r\n\r\npaid GET 0/);
  const verbose = await buy(['-sv', url]);
  assert.match(verbose.stderr, /< HTTP\/1.1 200 /);
  assert.doesNotMatch(verbose.stderr, /HTTP\/1.1 402/);
});

test('a demand for payment never reaches the file that was named', { skip }, async (t) => {
  verifies('foundation.curl.transparent');
  const { buy, origin, dir } = await open(t);
  const paid = (body: string, method = 'POST') => `paid ${method} ${body.length} ${sha256(body)}\n`;
  const read = (file: string) => readFileSync(join(dir, file), 'utf8');

  await buy(['-s', '-o', 'got', `${origin}/paid`]);
  assert.equal(read('got'), paid('', 'GET'));
  await buy(['-s', '-o', 'posted', '-d', 'abc', `${origin}/paid`]);
  assert.equal(read('posted'), paid('abc'));
  await buy(['-s', '-O', `${origin}/paid/named`]);
  assert.equal(read('named'), paid('', 'GET'));
  await buy(['-s', '-O', '-d', 'abc', `${origin}/paid/named-post`]);
  assert.equal(read('named-post'), paid('abc'));
  await buy(['-s', '--no-clobber', '-o', 'fresh', `${origin}/paid`]);
  assert.equal(read('fresh'), paid('', 'GET'));
  assert.equal(existsSync(join(dir, 'fresh.1')), false);

  for (const args of [[], ['-d', 'abc']]) {
    writeFileSync(join(dir, 'precious'), 'keep me');
    const { code, stdout } = await buy(['-s', '--max', '0.0001', '-o', 'precious', ...args, `${origin}/paid`]);
    assert.deepEqual([code, stdout, read('precious')], [121, '', 'keep me']);
  }
});

test('what will not be paid is told: no key, over the limit, another token, another server, several URLs', { skip }, async (t) => {
  verifies('foundation.curl.transparent');
  const { dir, buy, origin, seen } = await open(t);
  const { origin: elsewhere, seen: seenElsewhere } = await openPaidServer(t);
  const url = `${origin}/paid`;
  const body = 'payment needed\n';
  const cases: [string[], number, RegExp, string][] = [
    [['--max', '0.0009', url], 121, /price is 0\.001 USDC[\s\S]*--max/, body],
    [['--max', 'USDC:0.0009', url], 121, /USDC/, body],
    [['--max', 'USDC@eip155:31337:0.0009', url], 121, /USDC/, body],
    [['--per-call-max', '0.0009', url], 121, /USDC/, body],
    [['--pay', 'EURC', url], 122, /Nothing was paid/, body],
    [['--pay', 'USDC@Base', url], 122, /Nothing was paid/, body],
    [['-L', `${origin}/to?${elsewhere}/paid`], 122, /redirected to http:\/\/127/, body],
    [['-L', '-d', 'x', `${origin}/changed`], 122, /another request/, body],
    [['--max', '0.0009', url, `${url}/2`], 121, /price is 0\.001 USDC[\s\S]*price is 0\.001 USDC/, body + body],
    [['--pay', 'EURC', url, `${origin}/x`], 122, /Nothing was paid/, `${body}GET /x 0 ${empty}\n`],
    [['--max', 'lots', url], 2, /lots/, ''],
  ];
  for (const [args, code, says, stdout] of cases) {
    const result = await buy(['-s', ...args]);
    assert.equal(result.code, code, `exit code of ${args.join(' ')}: ${result.stderr}`);
    assert.match(result.stderr, says, args.join(' '));
    assert.equal(result.stdout, stdout, args.join(' '));
  }
  const noKey = await runCommand(['curl', '-s', url], { dir });
  assert.deepEqual([noKey.code, noKey.stdout], [120, body]);
  assert.match(noKey.stderr, /no key[\s\S]*freehold key new/);
  assert.equal(
    [...seen, ...seenElsewhere].some(({ paid }) => paid),
    false,
    'nothing was ever paid',
  );

  const within = await buy(['-s', '--max', '0.001', '--max', 'EURC:0', '--pay', '{"USDC":[]}', url]);
  assert.equal(within.code, 0);
});

test('without a limit, one whole token is the most, and real money is only paid in tokens that are known', { skip }, async (t) => {
  verifies('foundation.curl.transparent');
  const dear = await open(t, { amount: '1000001' });
  const refused = await dear.buy(['-s', `${dear.origin}/paid`]);
  assert.equal(refused.code, 121);
  assert.match(refused.stderr, /1\.000001[\s\S]*--max/);
  assert.equal((await dear.buy(['-s', '--max', '2', `${dear.origin}/paid`])).code, 0);

  const payTo = '0x70997970C51812dc3A010C7d01b50e0d17dc79C8';
  const impostor = {
    scheme: 'exact',
    network: 'eip155:8453',
    amount: '1',
    asset: testToken.asset,
    payTo,
    maxTimeoutSeconds: 60,
    extra: { name: 'USD Coin', version: '2' },
  };
  const fake = await open(t, { accepts: [impostor] });
  assert.equal((await fake.buy(['-s', `${fake.origin}/paid`])).code, 122);
});

test('several URLs share one limit, and what is beyond it is told and not paid', { skip }, async (t) => {
  verifies('payments.curl.several', 'payments.client.budgets');
  const { buy, origin, seen } = await open(t);
  const paid = `paid GET 0 ${empty}\n`;
  for (const several of [
    [`${origin}/paid/[1-3]`],
    ['-Z', `${origin}/paid/{a,b,c}`],
    [`${origin}/paid`, '--next', '-s', `${origin}/paid`, `${origin}/paid`],
  ]) {
    seen.length = 0;
    const { code, stdout, stderr } = await buy(['-s', '--max', '0.002', ...several]);
    assert.equal(code, 121, stderr);
    assert.match(stderr, /most of which is spent/);
    assert.deepEqual(stdout.split('\n').sort(), `payment needed\n${paid}${paid}`.split('\n').sort());
    assert.equal(seen.filter((each) => each.paid).length, 2);
  }
  const all = await buy(['-s', '--max', '0.003', '-o', 'part-#1', `${origin}/paid/[1-3]`]);
  assert.deepEqual([all.code, all.stdout], [0, '']);
});

test('a redirect after the payment is told and not followed: the payment goes nowhere else', { skip }, async (t) => {
  verifies('foundation.curl.transparent');
  const { buy, origin } = await open(t);
  const { origin: elsewhere, seen } = await openPaidServer(t);
  const { code, stderr } = await buy(['-sL', `${origin}/paid/leaving?${elsewhere}/x`]);
  assert.equal(code, 0);
  assert.match(stderr, new RegExp(`redirects to ${elsewhere}/x`));
  assert.deepEqual(seen, []);
});

test('a refused payment is exit 123, and says why', { skip }, async (t) => {
  verifies('foundation.curl.transparent');
  const { buy, origin } = await open(t);
  const { code, stdout, stderr } = await buy(['-s', `${origin}/refusing`]);
  assert.deepEqual([code, stdout], [123, 'payment needed\n']);
  assert.match(stderr, /refused: the wallet is empty/);
});

test('an answer lost after the payment keeps the code of curl, and says that money may have moved', { skip }, async (t) => {
  verifies('foundation.curl.transparent');
  const { buy, origin } = await open(t);
  const { code, stderr } = await buy(['-s', `${origin}/paid/dying`]);
  assert.equal(code, 52);
  assert.match(stderr, /0\.001 test USDC was sent, and no answer came/);
});

test('a receipt for something else is told, and not kept', { skip }, async (t) => {
  verifies('foundation.curl.transparent');
  const { buy, origin, dir } = await open(t, { receiptFor: 'cd'.repeat(32) });
  const { code, stderr } = await buy(['-s', '--trace-pay', `${origin}/paid`]);
  assert.equal(code, 0);
  assert.match(stderr, /receipt of this call does not hold: it is for another offer/);
  assert.doesNotMatch(stderr, /receipt saved/);
  assert.equal(existsSync(join(dir, 'home', '.config', 'freehold', 'receipts')), false);
});

test('--retry still retries, and the payment goes where the demand came from', { skip }, async (t) => {
  verifies('foundation.curl.transparent');
  const { buy, origin, seen } = await open(t);
  const { code, stdout } = await buy(['-s', '--retry', '2', '--retry-delay', '1', `${origin}/flaky`]);
  assert.deepEqual([code, stdout], [0, `paid GET 0 ${empty}\n`]);
  assert.deepEqual(
    seen.filter(({ path }) => path === '/flaky').map(({ paid }) => paid),
    [false, false, true],
  );
});

test('5 MB are not uploaded before they are paid for', { skip }, async (t) => {
  verifies('foundation.curl.transparent');
  const { buy, origin, dir, seen } = await open(t);
  const bytes = Buffer.alloc(5_000_000, 'a');
  writeFileSync(join(dir, 'big'), bytes);
  for (const args of [
    ['-T', 'big'],
    ['--data-binary', '@big'],
    ['-F', 'file=@big'],
  ]) {
    seen.length = 0;
    const { code, stdout } = await buy(['-s', ...args, `${origin}/paid`]);
    assert.equal(code, 0, args.join(' '));
    assert.match(stdout, /^paid (PUT|POST) 5000\d{3} /);
    const [first] = seen;
    assert.deepEqual([first?.headers.expect, first?.body.length, first?.paid], ['100-continue', 0, false], args.join(' '));
  }
});

test('--trace-pay tells what was paid and keeps the receipt; --dry-run-pay tells and pays nothing', { skip }, async (t) => {
  verifies('foundation.curl.transparent');
  const { buy, origin, dir, seen } = await open(t);
  const dry = await buy(['-s', '--dry-run-pay', `${origin}/paid`]);
  assert.deepEqual([dry.code, dry.stdout], [0, '']);
  assert.match(dry.stderr, /would pay 0\.001 test USDC to 0x7099/);
  assert.equal(
    seen.some(({ paid }) => paid),
    false,
  );

  const { stderr } = await buy(['-s', '--trace-pay', `${origin}/paid`]);
  assert.match(stderr, new RegExp(`paid 0\\.001 test USDC to 0x7099\\w+ tx ${transaction} · receipt saved `));
  const receipts = join(dir, 'home', '.config', 'freehold', 'receipts');
  const [name = ''] = readdirSync(receipts);
  assert.equal(JSON.parse(readFileSync(join(receipts, name), 'utf8')).receipt.transaction, transaction);
});

test(
  'the payment and the key are in no argument and no variable of any process',
  { skip: skip || (process.platform !== 'linux' && 'reads /proc') },
  async (t) => {
    verifies('foundation.curl.transparent');
    const shown: { commandLine: string; payment: string }[] = [];
    const { buy, origin } = await open(t, {
      onPaid: (request) =>
        void shown.push({ commandLine: processesTalkingTo(origin), payment: String(request.headers['payment-signature']) }),
    });
    await buy(['-s', `${origin}/paid`], { env: { FREEHOLD_KEY: `0x${'22'.repeat(32)}` } });
    assert.equal(shown.length, 1);
    const { commandLine, payment } = shown[0]!;
    assert.match(commandLine, /curl[\s\S]*--header\0@/);
    assert.equal(commandLine.includes(payment), false);
    assert.doesNotMatch(commandLine, /1{64}|2{64}/);
  },
);

/** Command lines and environments of every curl that was given this origin, as /proc shows them. */
function processesTalkingTo(origin: string): string {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        const commandLine = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
        return commandLine.startsWith('curl\0') && commandLine.includes(origin)
          ? `${commandLine}\n${readFileSync(`/proc/${pid}/environ`, 'utf8')}`
          : '';
      } catch {
        return '';
      }
    })
    .join('');
}
