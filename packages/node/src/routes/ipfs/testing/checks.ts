import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { CarReader, CID } from '../../../../../drive/src/testing/ipld.ts';
import { ask, large, type Ask, type Reply } from './published.ts';

export type Check = {
  name: string;
  path: () => string;
  ask?: () => Ask;
  status: number;
  headers?: () => Record<string, string | RegExp | undefined>;
  body?: (reply: Reply) => void | Promise<void>;
};
export const is = (text: string | Buffer) => (reply: Reply) => assert.deepEqual(reply.body, Buffer.from(text));
export const has = (pattern: RegExp) => (reply: Reply) => assert.match(reply.body.toString(), pattern);
export const raw = { headers: { accept: 'application/vnd.ipld.raw' } };
export const carType = 'application/vnd.ipld.car; version=1; order=dfs; dups=n';

/** The CIDs of a CAR in its order, each block compared with its CID. */
export async function blocksOf({ body }: Reply): Promise<string[]> {
  const reader = await CarReader.fromBytes(body);
  const found: string[] = [];
  for await (const { cid, bytes } of reader.blocks()) {
    assert.deepEqual(Buffer.from(cid.multihash.digest), createHash('sha256').update(bytes).digest());
    found.push(cid.toString());
  }
  return found;
}
export const counts = (count: number) => async (reply: Reply) => assert.equal((await blocksOf(reply)).length, count);
export const leaves = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) =>
    createHash('sha256')
      .update(large.subarray((from + index) * 1048576, (from + index + 1) * 1048576))
      .digest('hex'),
  );
export const holdsLeaves = (from: number, to: number) => async (reply: Reply) => {
  const digests = (await blocksOf(reply)).slice(-(to - from)).map((cid) => Buffer.from(CID.parse(cid).multihash.digest).toString('hex'));
  assert.deepEqual(digests, leaves(from, to));
};

export async function run(checks: readonly Check[]): Promise<void> {
  for (const check of checks) {
    const { name, path, status } = check;
    const how = (): Ask => check.ask?.() ?? {};
    const headers = (): Record<string, string | RegExp | undefined> => check.headers?.() ?? {};
    const body = async (reply: Reply) => check.body?.(reply);
    const reply = await ask(path(), how());
    try {
      assert.equal(reply.status, status, reply.body.toString().slice(0, 300));
      for (const [header, wanted] of Object.entries(headers())) {
        if (wanted === undefined) assert.equal(reply.headers[header], undefined, header);
        else if (typeof wanted === 'string') assert.equal(reply.headers[header], wanted, header);
        else assert.match(String(reply.headers[header]), wanted, header);
      }
      await body(reply);
      assert.equal(reply.headers['set-cookie'], undefined);
      assert.equal(reply.headers['access-control-allow-origin'], '*');
      if ((how().method ?? 'GET') !== 'GET') continue;
      // HEAD says what GET says, without the body.
      const head = await ask(path(), { ...how(), method: 'HEAD' });
      assert.equal(head.status, reply.status, 'HEAD');
      assert.equal(head.body.length, 0, 'HEAD');
      for (const header of ['content-type', 'etag', 'location', 'x-ipfs-roots', 'content-range', 'cache-control'])
        assert.equal(head.headers[header], reply.headers[header], `HEAD ${header}`);
    } catch (error) {
      throw new Error(`${name}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
  }
}
