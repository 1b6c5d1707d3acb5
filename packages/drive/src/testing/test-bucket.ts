import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import S3rver from 's3rver';
import type { BucketOptions } from '../content/s3.ts';

export type TestBucket = {
  options: BucketOptions;
  /** Paths of the files that the endpoint keeps the objects in, without the name of the bucket itself. */
  files: () => string[];
  /** Looks at each request first; true when it has dealt with it and the endpoint must not see it. */
  intercept: (handle: ((request: IncomingMessage, response: ServerResponse) => boolean | Promise<boolean>) | undefined) => void;
  close: () => Promise<void>;
};

/** A real S3 endpoint (s3rver) in this process, with one empty bucket. */
export async function openTestBucket(): Promise<TestBucket> {
  const directory = mkdtempSync(join(tmpdir(), 'freehold-s3-'));
  const endpoint = new S3rver({
    address: '127.0.0.1',
    port: 0,
    silent: true,
    directory,
    configureBuckets: [{ name: 'cloud', configs: [] }],
  });
  await endpoint.configureBuckets();
  const serve = endpoint.callback();
  let handle: Parameters<TestBucket['intercept']>[0];
  const server = createServer((request, response) => {
    void (async () => {
      if (!(await handle?.(request, response))) serve(request, response);
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    options: {
      endpoint: `http://127.0.0.1:${port}`,
      bucket: 'cloud',
      region: 'us-east-1',
      accessKeyId: 'S3RVER',
      secretAccessKey: 'S3RVER',
      prefix: 'freehold/blobs',
      attempts: 3,
      multipart: { above: 8 << 20, part: 5 << 20 },
    },
    files: () =>
      readdirSync(directory, { recursive: true, withFileTypes: true })
        .filter((file) => file.isFile() && file.name.endsWith('._S3rver_object') && !file.name.startsWith('home.'))
        .map((file) => join(file.parentPath, file.name)),
    intercept: (next) => {
      handle = next;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
