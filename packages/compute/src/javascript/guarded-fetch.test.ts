import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import { after, before, test } from 'node:test';
import { verifies } from '../../../../requirements/verifies.ts';
import { openTestScripts, type TestScripts } from '../testing/javascript/open-test-pool.ts';
import { openGuardedFetch } from './guarded-fetch.ts';

let tested: TestScripts;
let server: Server;
let origin: string;
let target: string;
const seen: string[] = [];

before(async () => {
  tested = await openTestScripts();
  server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url} ${request.headers.authorization ?? ''} ${request.headers['x-forwarded-for'] ?? ''}`);
    const { pathname, searchParams } = new URL(request.url ?? '/', origin);
    const chunks: Buffer[] = [];
    if (pathname === '/slow') return;
    if (pathname === '/to' || pathname === '/loop') response.writeHead(302, { location: searchParams.get('where') ?? '/loop' }).end();
    else if (pathname === '/break') response.writeHead(200, { 'content-length': '100' }).write('half', () => response.destroy());
    else
      request
        .on('data', (chunk: Buffer) => chunks.push(chunk))
        .on('end', () => {
          response.writeHead(200, { 'x-answer': 'yes', 'set-cookie': ['a=1', 'b=2'] });
          response.end(`${request.method} ${Buffer.concat(chunks).toString()}`);
        });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  target = `127.0.0.1:${port}`;
  origin = `http://${target}`;
});
after(async () => {
  server.closeAllConnections();
  server.close();
  await tested.close();
});

const through = (targets: string[], ownTargets: string[] = []) => ({ services: { fetch: openGuardedFetch({ targets, ownTargets }) } });
/** What came of a fetch in a guest: the text of the answer, or the message of the error. */
const fetched = (url: string, allowed: Parameters<typeof through>, init = '{}') =>
  tested.value(
    `await fetch(${JSON.stringify(url)}, ${init}).then((response) => response.text(), (error) => error.name + ': ' + error.message)`,
    through(...allowed),
  );

test('a program fetches from a host that its offer names, as a stream', async () => {
  verifies('compute.javascript.fetch');
  const own: Parameters<typeof through> = [[target], [target]];
  assert.equal(
    await fetched(`${origin}/a`, own, `{ method: 'POST', body: 'sent', headers: { 'x-forwarded-for': 'forged' } }`),
    'POST sent',
  );
  assert.doesNotMatch(seen.join('\n'), /forged/);
  assert.deepEqual(
    await tested.value(
      `await (async () => { const response = await fetch('${origin}/to?where=/b'); return [response.status, response.ok, response.url, response.redirected, response.headers.get('x-answer'), response.headers.getSetCookie(), response instanceof Response, (await response.bytes()) instanceof Uint8Array] })()`,
      through(...own),
    ),
    [200, true, `${origin}/b`, true, 'yes', ['a=1', 'b=2'], true, true],
  );
  assert.equal(await tested.value(`(await fetch('${origin}/to?where=/b', { redirect: 'manual' })).status`, through(...own)), 302);
  assert.match(String(await fetched(`${origin}/to?where=/b`, own, `{ redirect: 'error' }`)), /redirects to another address/);
  assert.match(String(await fetched(`${origin}/loop`, own)), /redirects more than 5 times/);
  assert.match(
    String(
      await tested.value(
        `await fetch('${origin}/break').then((response) => response.text()).catch((error) => error.name)`,
        through(...own),
      ),
    ),
    /^TypeError$/,
  );
  assert.equal(
    await tested.value(
      `await fetch('${origin}/slow', { signal: AbortSignal.timeout(50) }).then(() => 'answered', (error) => error.name)`,
      through(...own),
    ),
    'TimeoutError',
  );
});

test('no other host, port, scheme or private address is reached', async () => {
  verifies('compute.javascript.fetch');
  const before = seen.length;
  const port = target.split(':')[1] ?? '';
  const refused: [url: string, allowed: Parameters<typeof through>, why: RegExp][] = [
    [`${origin}/`, [[target]], /private network/],
    [`${origin}/`, [['example.com:443'], [target]], /not among the hosts that the offer names/],
    [`http://localhost:${port}/`, [[`localhost:${port}`]], /private network/],
    [`http://2130706433:${port}/`, [[target]], /private network/],
    [`http://0x7f.1:${port}/`, [[target]], /private network/],
    [`http://127.1:${port}/`, [[target]], /private network/],
    [`http://[::ffff:127.0.0.1]:${port}/`, [[`[::ffff:7f00:1]:${port}`]], /private network/],
    [`http://[::1]:${port}/`, [[`[::1]:${port}`]], /private network/],
    [`http://0.0.0.0:${port}/`, [[`0.0.0.0:${port}`]], /private network/],
    [`http://169.254.169.254/latest`, [['169.254.169.254:80']], /private network/],
    [`http://127.0.0.1:1/`, [[target], [target]], /not among the hosts/],
    [`https://${target}/`, [[target]], /private network/],
    ['file:///etc/passwd', [[target]], /Only http and https/],
    ['ftp://example.com/', [['example.com:21']], /Only http and https/],
    [`http://user:word@${target}/`, [[target], [target]], /password|credentials/],
    [`${origin}/to?where=http://localhost:${port}/`, [[target, `localhost:${port}`], [target]], /private network/],
    [`${origin}/to?where=http://example.com/`, [[target], [target]], /not among the hosts/],
    [`${origin}/to?where=file:///etc/passwd`, [[target], [target]], /Only http and https/],
    ['http://there.is.no.such.host.invalid/', [['there.is.no.such.host.invalid:80']], /could not be reached/],
  ];
  for (const [url, allowed, why] of refused) assert.match(String(await fetched(url, allowed)), why, url);
  assert.deepEqual(
    seen.slice(before).filter((line) => !line.startsWith('GET /to?')),
    [],
  );
  assert.match(String(await tested.value(`typeof fetch`)), /undefined/);
});

test('what tells who asks does not follow a redirect to another origin', async () => {
  verifies('compute.javascript.fetch');
  const other = createServer((request, response) => response.end(String(request.headers.authorization)));
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const address = other.address();
  const otherTarget = `127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  try {
    const own = [target, otherTarget];
    assert.equal(
      await fetched(`${origin}/to?where=http://${otherTarget}/`, [own, own], `{ headers: { authorization: 'Bearer secret' } }`),
      'undefined',
    );
  } finally {
    other.closeAllConnections();
    other.close();
  }
});
