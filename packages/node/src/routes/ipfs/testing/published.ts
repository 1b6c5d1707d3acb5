import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { carWith, cborBlock, fileBlock, folderBlock, jsonBlock, pbBlock, rawBlock } from '../../../../../drive/src/testing/car.ts';
import { CID, UnixFS } from '../../../../../drive/src/testing/ipld.ts';
import { ipnsKey, ipnsRecord } from '../../../../../drive/src/testing/ipns.ts';
import { expectJson, startTestNode, type Person, type TestNode } from '../../../testing/test-node.ts';

/** One node with everything that the tests of the gateway ask for: published, private, foreign, incomplete and broken. */
export let node: TestNode;
export let alice: Person;
export let root: string;

export const immutable = 'public, max-age=29030400, immutable';
export const large = Buffer.alloc(3 * 1024 * 1024 + 5, 'large file ');
export const page = '<!doctype html><title>Home</title><script>document.title="ran"</script><h1>Home</h1>';

export type Reply = { status: number; headers: IncomingHttpHeaders; body: Buffer };
export type Ask = { method?: string; headers?: Record<string, string>; host?: string };

/** Asks as it is written: no URL is put in order, no host resolved. */
export function ask(path: string, { method = 'GET', headers = {}, host }: Ask = {}): Promise<Reply> {
  const { port } = new URL(node.url);
  return new Promise((resolve, reject) => {
    const sent = httpRequest(
      { host: '127.0.0.1', port, path, method, headers: { host: host ?? `127.0.0.1:${port}`, ...headers }, agent: false },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }));
        response.on('error', reject);
      },
    );
    sent.on('error', reject).end();
  });
}

export async function upload(parent: string, name: string, body: string | Buffer): Promise<{ id: string; cid: string }> {
  return expectJson(await alice.fetch(`/api/drive/files?parent=${parent}&name=${encodeURIComponent(name)}`, { method: 'PUT', body }));
}
export const folder = async (parent: string, name: string): Promise<string> =>
  (await expectJson(await alice.fetch('/api/drive/folders', { method: 'POST', json: { parent, name } }))).id;
export const publish = async (entry: string, more: object = {}): Promise<{ id: string; root: string }> =>
  expectJson(await alice.fetch('/api/drive/publications', { method: 'POST', json: { entry, ...more } }));

export const cids = {} as Record<
  | 'site'
  | 'hello'
  | 'large'
  | 'picture'
  | 'sub'
  | 'private'
  | 'older'
  | 'cbor'
  | 'json'
  | 'redirects'
  | 'badRedirects'
  | 'hugeRedirects'
  | 'partial'
  | 'secondLeaf',
  string
>;
export const key = ipnsKey();

/** To be called before the tests. */
export async function openPublished(): Promise<void> {
  node = await startTestNode({ gateways: ['pages.example.net'] });
  alice = await node.signIn();
  root = (await expectJson(await alice.fetch('/api/drive/root'))).id;
  const site = await folder(root, 'site');
  await upload(site, 'index.html', page);
  cids.hello = (await upload(site, 'hello.txt', 'hello')).cid;
  cids.large = (await upload(site, 'large.bin', large)).cid;
  await upload(site, 'ünï cödé 100%.txt', 'unicode');
  await upload(site, 'noext', Buffer.from('just text\n'));
  cids.picture = (
    await upload(site, 'picture', Buffer.from('89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489', 'hex'))
  ).cid;
  await upload(site, 'image.svg', '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>');
  const sub = await folder(site, 'sub dir');
  await upload(sub, 'a<b>&.txt', 'odd name');
  const deep = await folder(sub, 'deep');
  await upload(deep, 'leaf', 'leaf');
  cids.site = (await publish(site)).root;
  cids.sub = (await expectJson(await alice.fetch(`/api/drive/entries/${sub}/cid`))).cid;
  cids.private = (await upload(root, 'private.txt', 'nobody else may have this')).cid;

  const leaf = rawBlock('Hello, ');
  const other = rawBlock('older world');
  const file = fileBlock([
    { cid: leaf.cid, size: 7 },
    { cid: other.cid, size: 11 },
  ]);
  const link = pbBlock({ data: new UnixFS({ type: 'symlink', data: Buffer.from('hello.txt') }) });
  const older = folderBlock([
    { name: 'hello.txt', cid: file.cid },
    { name: 'link', cid: link.cid },
    { name: 'empty', cid: CID.parse('bafkqaaa') },
  ]);
  const inner = cborBlock({ end: 'of the way' });
  const cbor = cborBlock({ name: 'data', down: { link: inner.cid }, list: [1, file.cid], file: file.cid });
  const json = jsonBlock({ hello: 'world', link: { '/': inner.cid.toString() } });
  const tree = cborBlock({ older: older.cid, cbor: cbor.cid, json: json.cid });
  const car = await upload(root, 'foreign.car', await carWith([tree.cid], [tree, older, file, leaf, other, link, cbor, inner, json]));
  await publish(car.id, { car: true });
  cids.older = older.cid.toString();
  cids.cbor = cbor.cid.toString();
  cids.json = json.cid.toString();

  // A file of two parts whose first part nobody has.
  const missing = rawBlock('0123456789');
  const there = rawBlock('abcdefghij');
  const partial = fileBlock([
    { cid: missing.cid, size: 10 },
    { cid: there.cid, size: 10 },
  ]);
  await publish((await upload(root, 'partial.car', await carWith([partial.cid], [partial, there]))).id, { car: true });
  cids.partial = partial.cid.toString();
  cids.secondLeaf = there.cid.toString();

  const withRules = async (name: string, rules: string) => {
    const id = await folder(root, name);
    await upload(id, '_redirects', rules);
    await upload(id, 'index.html', 'home');
    await upload(id, '404.html', 'custom not found');
    await upload(id, 'one.html', 'page one');
    return (await publish(id)).root;
  };
  cids.redirects = await withRules(
    'redirects',
    [
      '# rules of a site',
      '/moved /one.html',
      '/temporary /one.html 302   # for now',
      '/posts/:year/:slug /archive/:slug?y=:year 307',
      '/old/* /new/:splat 308',
      '/out https://example.org/x 303',
      '/app/* /index.html 200',
      '/gone /404.html 410',
      '/legal /404.html 451',
      '/one.html /never.html 301',
      '/* /404.html 404',
    ].join('\n'),
  );
  cids.badRedirects = await withRules('bad', '/a /b 999\n');
  cids.hugeRedirects = await withRules('huge', `# ${'x'.repeat(65 * 1024)}\n`);

  const record = ipnsRecord(key, { value: `/ipfs/${cids.site}`, ttl: 1800 });
  await expectJson(await alice.fetch(`/api/ipns/${key.name}`, { method: 'PUT', body: record }));
}

export const closePublished = (): Promise<void> => node.end();
