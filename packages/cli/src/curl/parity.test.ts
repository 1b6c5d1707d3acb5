import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { verifies } from '../../../../requirements/verifies.ts';
import { openParityServer } from '../testing/parity-server.ts';
import { curlMissing, realCurl } from '../testing/real-curl.ts';
import { openTestDir, runCommand } from '../testing/run-command.ts';

const skip = curlMissing;
const key = `0x${'11'.repeat(32)}`;

/** `free`: only where nothing is asked for payment, and why. */
type Case = { args: string[]; stdin?: string; free?: string };
const of = (args: string, more: Omit<Case, 'args'> = {}): Case => ({ args: args.split(' '), ...more });

/** Each is run by curl, by `freehold curl` on the same server, and by `freehold curl` where the same is sold. `U` stands for the server. */
const cases: Case[] = [
  // bodies and methods
  of('-s U/echo'),
  of('-s -d a=1 -d b=2 U/echo'),
  of('-s -d @lines U/echo'),
  of('-s --data-binary @lines U/echo'),
  of('-s --data-raw @lines U/echo'),
  of('-s --data-urlencode q=a&b U/echo'),
  of('-s --data-urlencode lines@lines U/echo'),
  of('-s -G -d a=1 --data-urlencode q=x/y U/echo'),
  of('-s --url-query a=1 U/echo'),
  of('-s --json {"a":1} --json {"b":2} U/echo'),
  of('-s -F f=@lines -F t=x;type=text/html U/echo'),
  of('-s -F f=<lines U/echo'),
  of('-s -F f=@lines;filename=other U/echo'),
  of('-s --form-string f=@lines U/echo'),
  of('-s -F f=@- U/echo', { stdin: 'piped' }),
  of('-s -d @- U/echo', { stdin: 'piped\nlines' }),
  of('-s --data-binary @- U/echo', { stdin: 'piped\nlines' }),
  of('-s -T - U/echo', { stdin: 'piped' }),
  of('-s -T lines U/'),
  of('-s -T lines U/echo -X POST'),
  of('-s -X PATCH -d x U/echo'),
  of('-s -X DELETE U/echo'),
  of('-sI U/file'),
  of('-s --head U/echo'),
  // headers and identity
  of('-s -H X-Mine:1 -H Accept: -A me/1 -e http://from/ U/echo'),
  of('-s -H @headers U/echo'),
  of('-s -b a=1;b=2 U/echo'),
  of('-s -c jar U/cookie/7'),
  of('-s -u name:pass U/auth'),
  of('-s --oauth2-bearer abc U/echo'),
  of('-s U/auth', { free: 'the demand comes before the 401' }),
  of('-s --anyauth -u name:pass U/auth', { free: 'curl probes without credentials' }),
  of('-s --compressed U/gzip'),
  of('-s U/gzip'),
  of('-s --tr-encoding U/echo'),
  // output
  of('-s -o got U/echo'),
  of('-s -o deep/er/got --create-dirs U/echo'),
  of('-s --output-dir d --create-dirs -O U/file'),
  of('-s -O U/file'),
  of('-sOJ U/named/theirs.txt'),
  of('-s -i U/echo'),
  of('-s -D heads -o got U/status/204'),
  of('-s -w \\n%{http_code}|%{size_download}|%{method}|%{num_redirects} U/file'),
  of('-s -o got -w %{filename_effective} U/file'),
  of('-s -f U/status/404'),
  of('-sS -f U/status/500'),
  of('-s --fail-with-body U/status/404'),
  of('-s -f -o got U/status/404'),
  of('-s -o lines U/status/404'),
  of('-s --no-clobber -o lines U/echo'),
  of('-s --remove-on-error -o got U/short'),
  of('-sR -o got U/file'),
  of('-sN U/drip'),
  of('-s --raw U/trailer'),
  of('-s --max-filesize 10 U/file'),
  // transfers
  of('-sL U/redirect/302'),
  of('-sL -d x U/redirect/307'),
  of('-sL -d x U/redirect/308'),
  of('-s U/redirect/301', { free: 'not followed' }),
  of('-sL --max-redirs 0 U/redirect/302'),
  of('-sL -d x U/redirect/303', { free: 'another request than the one written is not paid' }),
  of('-s -r 5-9 U/file'),
  of('-s -r -10 U/file'),
  of('-s -C - -o part U/file'),
  of('-s -C 990 U/file'),
  of('-s -z lines U/file'),
  of('-s --etag-save etag -o got U/file'),
  of('-s --etag-compare etag.given U/file'),
  of('-s -m 1 U/slow'),
  of('-s --retry 2 --retry-delay 1 U/flaky?RUN'),
  of('-s U/lost'),
  of('-s U/short'),
  of('-sS http://127.0.0.1:1/'),
  of('-sS http://no-such-host.invalid/'),
  of('-s --limit-rate 100k U/file'),
  of('-s --http1.0 U/echo'),
  of('-s --resolve some.host:PORT:127.0.0.1 U/echo'),
  of('-s --connect-to ::127.0.0.1:PORT U/echo'),
  // several transfers
  of('-s U/echo U/file'),
  of('-s U/echo?{a,b}[1-3]'),
  of('-s U/echo?[08-10]x[a-c:2]'),
  of('-s -g U/echo?{a}'),
  of('-s U/echo?[1-2] -o got#1'),
  of('-s U/echo?{x,y}{1,2} -o #1-#2'),
  of('-s -o a U/echo -o b U/file'),
  of('-s -O U/file -o b U/echo'),
  of('-s -T {lines,headers} U/'),
  of('-s U/echo --next -s -d x U/echo'),
  of('-s U/status/404 -f U/echo'),
  of('-s -f U/echo U/status/404'),
  of('-s --fail-early -f U/status/404 U/echo'),
  of('-s -b none U/cookie/1 U/cookie/2'),
  of('-s -c jar U/cookie/1 U/cookie/2'),
  of('-sZ -o a U/echo -o b U/file -o c U/drip'),
  of('-sZ -f -o a U/echo -o b U/status/404'),
  of('-s -D heads -o /dev/null U/file -o /dev/null U/echo'),
  of('-s U/echo?{a'),
  of('-s U/echo?[9-1]'),
  // configuration
  of('-s -K config U/echo'),
  of('-s -K -', { stdin: 'url = "U/echo"\nurl = "U/file"\ndata = x\n' }),
  of('-q -s U/echo'),
  of('-s --no-such-option U/echo'),
  of('-s U/echo -d', {}),
  of('-s -K missing U/echo'),
];

test(`${cases.length} things that curl does come out the same, free and paid: bytes, files, exit code`, { skip }, async (t) => {
  verifies('payments.curl.parity', 'fn.curl');
  const dir = openTestDir(t);
  const { free, sold, asked } = await openParityServer(t);
  const port = new URL(free).port;

  async function run(name: string, { args, stdin = '' }: Case, origin: string, how: 'curl' | 'freehold') {
    const cwd = join(dir, name);
    mkdirSync(cwd);
    writeFileSync(join(cwd, 'lines'), 'line one\r\nline two\n');
    utimesSync(join(cwd, 'lines'), 1_445_412_480, 1_445_412_480);
    writeFileSync(join(cwd, 'headers'), 'X-Mine: from a file\n');
    writeFileSync(join(cwd, 'part'), 'line 0000\nline 0001\n');
    writeFileSync(join(cwd, 'etag.given'), '"abc"');
    writeFileSync(join(cwd, 'config'), 'header = "X-Mine: configured"\n-d body\n');
    const fill = (text: string) =>
      text.replaceAll('U/', `${origin}/`).replaceAll('PORT', port).replaceAll('RUN', name).replaceAll('\\n', '\n');
    const argv = args.map(fill);
    const { code, stdout } =
      how === 'curl'
        ? await realCurl(argv, { cwd, stdin: fill(stdin) })
        : await runCommand(['curl', '--key', key, ...argv], { dir, cwd, stdin: fill(stdin) }).then(({ code, bytes }) => ({
            code,
            stdout: bytes,
          }));
    // What it was paid with is told in the head, and is all that may differ.
    const plain = (text: string) =>
      text
        .replaceAll(name, 'RUN')
        .replace(/^# .*$/gm, '#')
        .replace(/^payment-response: .*\r\n/gm, '');
    const files = readdirSync(cwd, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => {
        const text = plain(readFileSync(join(entry.parentPath, entry.name), 'latin1'));
        // Cookies have no order.
        return [join(entry.parentPath, entry.name).slice(cwd.length), entry.name === 'jar' ? text.split('\n').sort().join('\n') : text];
      })
      .toSorted(([a = ''], [b = '']) => (a < b ? -1 : 1));
    return { code, stdout: plain(stdout.toString('latin1')), files };
  }

  const differences: unknown[] = [];
  const compared = (actual: unknown, expected: unknown, name: string) => {
    if (!isDeepStrictEqual(actual, expected)) differences.push({ name, actual, expected });
  };
  async function compare(one: Case, index: number) {
    const name = one.args.join(' ');
    const expected = await run(`curl${index}`, one, free, 'curl');
    compared(await run(`free${index}`, one, free, 'freehold'), expected, `free: ${name}`);
    if (one.free !== undefined) return;
    compared(await run(`sold${index}`, one, sold, 'freehold'), expected, `paid: ${name}`);
  }
  // Some wait for a server that is slow or asks to come back.
  const waiting = cases.entries();
  const worker = async () => {
    for (const [index, one] of waiting) await compare(one, index);
  };
  await Promise.all(Array.from({ length: 4 }, worker));
  assert.deepEqual(differences, []);
  const paid = asked.filter((line) => line.endsWith(' paid')).length;
  assert.ok(paid > 100, `${paid} requests were paid for`);
});
