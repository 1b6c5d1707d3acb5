import { createHash } from 'node:crypto';
import { createReadStream, openAsBlob } from 'node:fs';
import { Readable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { AwsClient } from 'aws4fetch';
import { DriveError } from '../error.ts';

const MiB = 1 << 20;
/** Content up to this many bytes is one request; above, parts of `partSize`. */
const multipartAbove = 64 * MiB;
const partSize = 16 * MiB;
/** S3 takes at most so many parts, so the parts of a very large file are larger. */
const mostParts = 9_000;

/** How long an endpoint may take to answer a request about an object. */
const quickMs = 30_000;

export type BucketOptions = {
  /** Such as https://s3.example.org; the bucket is the first part of the path. */
  endpoint: string;
  bucket: string;
  region: string;
  accessKeyId: string;
  secretAccessKey: string;
  /** Before every key, such as `freehold`; for a bucket that others use, too. */
  prefix?: string | undefined;
  /** How often a request is sent that the endpoint does not answer, or answers with an error of its own. */
  attempts?: number;
  /** Bytes from which on a file is uploaded in parts, and the bytes of one; only tests have smaller ones. */
  multipart?: { above: number; part: number };
};

export type Bucket = ReturnType<typeof openBucket>;

/** The few things that Freehold asks of an S3 endpoint: path-style requests, signed, sent again with growing pauses when the endpoint is unwell. */
export function openBucket({
  endpoint,
  bucket,
  region,
  accessKeyId,
  secretAccessKey,
  prefix = '',
  attempts = 6,
  multipart = { above: multipartAbove, part: partSize },
}: BucketOptions) {
  const client = new AwsClient({ accessKeyId, secretAccessKey, region, service: 's3', retries: 0 });
  const base = [endpoint.replace(/\/+$/, ''), bucket, ...prefix.split('/').filter(Boolean)].join('/');
  const place = `the bucket ${bucket} at ${new URL(endpoint).host}${prefix ? `, below ${prefix}` : ''}`;
  const urlOf = (key: string) => `${base}/${key}`;

  /** A failure names the place and the answer, never a header or a signature. */
  const failed = (what: string, why: string, cause?: unknown) =>
    new DriveError(
      'storage_failed',
      `The storage of this node (${place}) failed to ${what}: ${why}. Nothing was half-written; its owner must look at that storage.`,
      {
        cause,
      },
    );

  /** One signed request. Answers with success, 404 and what is `expected`; everything else is thrown when the attempts are spent. */
  async function send(
    what: string,
    url: string,
    init: RequestInit & { method: string },
    expected: readonly number[] = [],
  ): Promise<Response> {
    for (let attempt = 1; ; attempt++) {
      const last = attempt === attempts;
      try {
        // What has no body to send or receive is answered soon or not at all; a transfer may take as long as it moves.
        const signal = init.method === 'HEAD' || init.method === 'DELETE' ? { signal: AbortSignal.timeout(quickMs) } : {};
        const response = await fetch(await client.sign(url, init), signal);
        if (response.ok || response.status === 404 || expected.includes(response.status)) return response;
        const code = /<Code>([A-Za-z0-9]+)<\/Code>/.exec(await response.text())?.[1] ?? '';
        const unwell = response.status >= 500 || [408, 425, 429].includes(response.status);
        if (!unwell || last) throw failed(what, `it answered ${response.status}${code && ` (${code})`}`);
      } catch (cause) {
        if (cause instanceof DriveError) throw cause;
        if (last) throw failed(what, `it does not answer (${reasonOf(cause)})`, cause);
      }
      await wait(pauseBefore(attempt));
    }
  }

  /** Sends bytes with their MD5, which the endpoint checks; those that do not check it give their own back, as the ETag. */
  async function sendBytes(what: string, url: string, body: Blob, md5: Buffer): Promise<string> {
    const response = await send(what, url, { method: 'PUT', body, headers: { 'content-md5': md5.toString('base64') } });
    const text = await response.text();
    if (response.status === 404) throw failed(what, `there is no such place (${codeOf(text)})`);
    const etag = response.headers.get('etag') ?? '';
    // What the endpoint encrypts with a key of its own has an ETag that is no MD5.
    const encrypted = [...response.headers.keys()].some((name) => name.startsWith('x-amz-server-side-encryption'));
    if (!encrypted && /^"[0-9a-f]{32}"$/.test(etag) && etag !== `"${md5.toString('hex')}"`)
      throw failed(what, 'other bytes arrived than were sent');
    return etag;
  }

  async function putParts(key: string, content: Blob, path: string): Promise<void> {
    const size = Math.max(multipart.part, Math.ceil(content.size / mostParts));
    const url = urlOf(key);
    const begun = await (await send('begin an upload', `${url}?uploads`, { method: 'POST' })).text();
    const upload = /<UploadId>([^<]+)<\/UploadId>/.exec(begun)?.[1];
    if (!upload) throw failed('begin an upload', `it gave no upload id (${codeOf(begun)})`);
    const uploadId = encodeURIComponent(upload);
    try {
      const etags: string[] = [];
      for (let start = 0; start < content.size; start += size) {
        const end = Math.min(start + size, content.size);
        const part = `${url}?partNumber=${etags.length + 1}&uploadId=${uploadId}`;
        etags.push(await sendBytes('take a part of an upload', part, content.slice(start, end), await md5Of(path, start, end)));
      }
      const list = etags.map((etag, index) => `<Part><PartNumber>${index + 1}</PartNumber><ETag>${etag}</ETag></Part>`).join('');
      const body = `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${list}</CompleteMultipartUpload>`;
      const done = await send('finish an upload', `${url}?uploadId=${uploadId}`, { method: 'POST', body });
      // This request may fail with an error in the body of a 200 answer.
      const answer = await done.text();
      if (done.status === 404 || answer.includes('<Error>')) throw failed('finish an upload', codeOf(answer));
    } catch (cause) {
      await send('abort an upload', `${url}?uploadId=${uploadId}`, { method: 'DELETE' }).catch(() => {});
      throw cause;
    }
  }

  /** Bytes of an object; undefined when there is none. */
  async function sizeOf(key: string): Promise<number | undefined> {
    const response = await send('look at content', urlOf(key), { method: 'HEAD' });
    return response.ok ? Number(response.headers.get('content-length')) : undefined;
  }

  /** From the first to the last byte, both included; undefined when there is no such object or it is shorter. `size` is that of all of it. */
  async function range(key: string, first: number, last: number): Promise<{ size: number; body: AsyncIterable<Uint8Array> } | undefined> {
    const response = await send('read content', urlOf(key), { method: 'GET', headers: { range: `bytes=${first}-${last}` } }, [416]);
    if (response.status === 404 || response.status === 416) {
      await response.body?.cancel();
      return undefined;
    }
    if (!response.body) throw failed('read content', 'it sent nothing');
    const total = /\/(\d+)$/.exec(response.headers.get('content-range') ?? '')?.[1];
    if (total === undefined && first > 0) throw failed('read content', 'it does not honour ranges');
    return { size: Number(total ?? response.headers.get('content-length')), body: response.body };
  }

  /** The bytes of an object as they are consumed. A connection that breaks is taken up again where it broke. */
  async function* bytesOf(first: AsyncIterable<Uint8Array>, key: string, start: number, length: number): AsyncGenerator<Uint8Array> {
    let source = first;
    let given = 0;
    for (let attempt = 1; ; attempt++) {
      try {
        for await (const bytes of source) {
          const wanted = bytes.subarray(0, length - given);
          given += wanted.length;
          yield wanted;
          if (given === length) return;
        }
        throw new Error('the answer ended early');
      } catch (cause) {
        if (cause instanceof DriveError) throw cause;
        if (attempt === attempts) throw failed('read content', reasonOf(cause), cause);
      }
      await wait(pauseBefore(attempt));
      const rest = await range(key, start + given, start + length - 1);
      if (!rest) throw failed('read content', 'it has gone meanwhile');
      source = rest.body;
    }
  }

  return {
    place,

    /** Errors: `storage_failed` when the endpoint does not answer, refuses the keys, or has no such bucket. */
    async check(): Promise<void> {
      const response = await send('answer', `${[endpoint.replace(/\/+$/, ''), bucket].join('/')}?list-type=2&max-keys=0`, {
        method: 'GET',
      });
      const text = await response.text();
      if (!response.ok) throw failed('answer', `there is no such bucket (${codeOf(text)})`);
    },

    /** Uploads a file, each request checked by the endpoint against its MD5, and checks the size of what came of it. */
    async put(key: string, { path, size }: { path: string; size: number }): Promise<void> {
      const content = await openAsBlob(path);
      if (content.size > multipart.above) await putParts(key, content, path);
      else await sendBytes('take an upload', urlOf(key), content, await md5Of(path, 0, content.size));
      let found = await sizeOf(key);
      // Small endpoints answer before the last bytes are in their file.
      for (let attempt = 1; found !== size && attempt < attempts; attempt++) {
        await wait(pauseBefore(attempt));
        found = await sizeOf(key);
      }
      if (found !== size) throw failed('take an upload', `it has ${found ?? 0} bytes of ${size} afterwards`);
    },

    size: sizeOf,

    /** The bytes from `start`, and how many the whole object has; undefined when it is missing or too short. Answers once the endpoint has begun to send. */
    async read(key: string, { start, length }: { start: number; length: number }): Promise<{ size: number; stream: Readable } | undefined> {
      const found = await range(key, start, start + length - 1);
      return found && { size: found.size, stream: Readable.from(bytesOf(found.body, key, start, length), { objectMode: false }) };
    },

    /** An object that is not there is fine. */
    async remove(key: string): Promise<void> {
      await (await send('delete content', urlOf(key), { method: 'DELETE' })).text();
    },

    async readText(key: string): Promise<string | undefined> {
      const response = await send('read', urlOf(key), { method: 'GET' });
      const text = await response.text();
      return response.ok ? text : undefined;
    },

    async writeText(key: string, text: string): Promise<void> {
      await sendBytes('write', urlOf(key), new Blob([text]), createHash('md5').update(text).digest());
    },
  };
}

/** Doubling from 100 ms to 5 s, spread so that many do not come back at once. */
const pauseBefore = (attempt: number) => Math.min(5_000, 100 * 2 ** (attempt - 1)) * (0.5 + Math.random() / 2);

const codeOf = (answer: string) => /<Code>([A-Za-z0-9]+)<\/Code>/.exec(answer)?.[1] ?? 'no reason given';

/** The code of a network error, which fetch hides in the cause. */
function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const inner = cause.cause instanceof Error ? cause.cause : cause;
  return 'code' in inner ? String(inner.code) : inner.message;
}

async function md5Of(path: string, start: number, end: number): Promise<Buffer> {
  const hash = createHash('md5');
  if (end > start) for await (const bytes of createReadStream(path, { start, end: end - 1, highWaterMark: MiB })) hash.update(bytes);
  return hash.digest();
}
