import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { defaultLimits } from '../../packages/protocol/src/index.ts';
import { rawRequest } from '../../packages/node/src/testing/raw-request.ts';
import { sell, startTestNode } from '../../packages/node/src/testing/test-node.ts';
import { verifies } from '../../requirements/verifies.ts';
import { startCgiServers, type CgiServer } from '../harness/cgi-servers.ts';
import { hasJudges } from '../harness/judges.ts';
import { asksFor, cases, type Case } from './cgi/cases.ts';
import { describe, type Answered } from './cgi/describe.ts';

const root = join(import.meta.dirname, '../..');
const patienceMs = 4000;
const attempts = 8;
const servers = ['freehold', 'nginx', 'lighttpd', 'apache'] as const;
type Row = Record<(typeof servers)[number], string>;

/** The table of docs/cgi.md: what each difference is, and why it was chosen. */
function listed(): Map<string, { row: Row; why: string }> {
  const text = readFileSync(join(root, 'docs/cgi.md'), 'utf8');
  const table = text.slice(text.indexOf('## Beside other servers'));
  const rows = [...table.matchAll(/^\| `([a-z0-9-]+)` \| (.*) \|$/gm)].map(([, name = '', rest = '']) => {
    const [freehold = '', nginx = '', lighttpd = '', apache = '', why = ''] = rest
      .split(' | ')
      .map((cell) => cell.replaceAll(/^`+|`+$/g, ''));
    return [name, { row: { freehold, nginx, lighttpd, apache }, why }] as const;
  });
  return new Map(rows);
}

async function ask(server: CgiServer, { path, method = 'GET', headers = [], body }: Case): Promise<Answered> {
  const { hostname, port, pathname } = new URL(server.url);
  const length = body?.chunked ? ['Transfer-Encoding', 'chunked'] : ['Content-Length', String(body?.bytes.length ?? 0)];
  const lines = [['Host', `${hostname}:${port}`], ['Connection', 'close'], ...headers, ...(body ? [length] : [])];
  const start = performance.now();
  try {
    const answer = await rawRequest(server.url, {
      method,
      path: pathname + path,
      headers: lines.flat() as unknown as Record<string, string>,
      signal: AbortSignal.timeout(patienceMs),
      ...(body && { body: body.chunked ? pieces(body.bytes) : body.bytes }),
    });
    return !answer.whole && performance.now() - start > patienceMs - 100 ? 'hangs' : answer;
  } catch {
    return performance.now() - start > patienceMs - 100 ? 'hangs' : 'unreadable';
  }
}

function* pieces(bytes: Buffer): Iterable<Buffer> {
  for (let at = 0; at < bytes.length; at += 100_000) yield bytes.subarray(at, at + 100_000);
}

const cell = (text: string) => `\`${text.replaceAll('`', "'").replaceAll('|', '/')}\``;
const line = (name: string, { freehold, ...others }: Row, why: string) =>
  `| \`${name}\` | ${cell(freehold)} | ${['nginx', 'lighttpd', 'apache'].map((peer) => (others[peer as keyof typeof others] === freehold ? '=' : cell(others[peer as keyof typeof others]))).join(' | ')} | ${why} |`;

test(
  `the same CGI program under nginx + fcgiwrap, lighttpd and Apache: ${cases.length} requests, and every difference is known and chosen`,
  { timeout: 300_000 },
  async (t) => {
    verifies('compute.cgi.peers');
    if (!hasJudges(t, 'nginx', 'fcgiwrap', 'lighttpd', 'apache2', 'cc')) return;
    const directory = mkdtempSync(join(tmpdir(), 'freehold-cgi-peers-'));
    t.after(() => rmSync(directory, { recursive: true, force: true }));
    const program = join(directory, 'case');
    execFileSync('cc', ['-O1', '-Wall', '-static', '-o', program, join(root, 'packages/compute/src/testing/cgi/case.c')]);
    const peers = await startCgiServers({ directory, program });
    t.after(() => Promise.all(peers.map(({ stop }) => stop())));
    const node = await startTestNode();
    t.after(() => node.end());
    const seller = await node.signIn();
    const offer = await sell(node, seller, {
      program: readFileSync(program),
      name: 'case',
      amount: '0',
      vary: asksFor,
      limits: defaultLimits,
    });
    const all: CgiServer[] = [
      { name: 'freehold', url: `${node.url.replace('localhost', '127.0.0.1')}/case.cgi`, stop: async () => {} },
      ...peers,
    ];

    const answerOf = async (server: CgiServer, item: Case): Promise<string> =>
      describe(await ask(server, item), item, [
        [new URL(server.url).origin, 'http://host'],
        [`/${offer.id}.cgi`, '/case.cgi'],
        [directory, ''],
      ]);

    const known = listed();
    const wrong: string[] = [];
    let different = 0;
    for (const item of cases) {
      const entry = known.get(item.name);
      if (entry?.why === '') wrong.push(`"${item.name}" does not say why it was chosen`);
      const row: Row = { freehold: '', nginx: '', lighttpd: '', apache: '' };
      for (const server of all) {
        const name = server.name as keyof Row;
        const expected = entry && entry.row[name] !== '=' ? entry.row[name] : name === 'freehold' ? undefined : row.freehold;
        // Some of them answer now so, now so, as the pieces of an output happen to come: what is listed must be among it.
        for (let tries = 0; tries < attempts; tries++) {
          row[name] = await answerOf(server, item);
          if (expected === undefined || cell(row[name]) === cell(expected)) break;
        }
      }
      const isDifferent = servers.some((server) => row[server] !== row.freehold);
      if (isDifferent) different++;
      if (!isDifferent && entry) wrong.push(`The difference "${item.name}" has vanished: all answer ${row.freehold}`);
      if (isDifferent && !entry) wrong.push(`A new difference:\n${line(item.name, row, '')}`);
      if (isDifferent && entry && line(item.name, row, '') !== line(item.name, { ...entry.row, ...same(entry.row) }, ''))
        wrong.push(`Another difference than the listed one:\n${line(item.name, row, entry.why)}`);
    }
    const names = new Set(cases.map(({ name }) => name));
    for (const name of known.keys()) if (!names.has(name)) wrong.push(`docs/cgi.md lists "${name}", which is no case`);
    assert.equal(wrong.length, 0, wrong.join('\n'));
    t.diagnostic(`${cases.length} requests to ${all.length} servers, of which ${different} are answered differently somewhere`);
  },
);

/** In the table `=` stands for what Freehold does. */
const same = (row: Row): Partial<Row> =>
  Object.fromEntries(servers.filter((server) => row[server] === '=').map((server) => [server, row.freehold]));
