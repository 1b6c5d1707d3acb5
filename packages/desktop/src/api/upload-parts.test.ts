import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verifies } from '../../../../requirements/verifies.ts';
import { ApiError } from './error.ts';
import { unreachable, type Request } from './request.ts';
import { uploadInParts } from './upload-parts.ts';

const file = new File([Buffer.alloc(2500, 1)], 'film.mp4', { type: 'video/mp4', lastModified: 77 });

/** A node with parts of 1000 bytes that has received some of them. */
function fakeNode(received: number[]) {
  const asked: string[] = [];
  const request: Request = async (shape, path, { method = 'GET', body } = {}) => {
    asked.push(`${method} ${path} ${JSON.stringify(body)}`);
    return shape.parse(path.endsWith('/uploads') ? { id: 'u', partSize: 1000, partCount: 3, received, expiresAt: 0 } : { done: true });
  };
  return { asked, request };
}
const target = { parent: 'root', name: 'film.mp4', onConflict: 'rename' as const };
const any = { parse: (value: unknown) => value };

test('only what has not arrived is sent, with progress, and a lost connection is waited out', async () => {
  verifies('cloud.files.upload');
  const { asked, request } = fakeNode([2]);
  const sent: string[] = [];
  const progress: number[] = [];
  const slept: number[] = [];
  let failures = 2;
  const answer = await uploadInParts({
    shape: any,
    request,
    target,
    file,
    sleep: async (milliseconds) => void slept.push(milliseconds),
    onProgress: (bytes) => progress.push(bytes),
    signal: new AbortController().signal,
    async sendPart({ path, body, onProgress }) {
      onProgress?.(body.size / 2);
      if (failures-- > 0) throw unreachable();
      sent.push(`${path} ${body.size}`);
    },
  });
  assert.deepEqual(answer, { done: true });
  assert.deepEqual(sent, ['/api/drive/uploads/u/parts/1 1000', '/api/drive/uploads/u/parts/3 500']);
  assert.deepEqual(progress, [1000, 1500, 1500, 1500, 2000, 2250, 2500]);
  assert.equal(slept.length, 2);
  assert.deepEqual(asked, [
    'POST /api/drive/uploads {"parent":"root","name":"film.mp4","onConflict":"rename","size":2500,"fingerprint":"77","mediaType":"video/mp4"}',
    'POST /api/drive/uploads/u/complete {"onConflict":"rename"}',
  ]);
});

test('a cancelled upload is forgotten, a refused one stays to be resumed', async () => {
  for (const [failure, last] of [
    [new DOMException('', 'AbortError'), 'DELETE /api/drive/uploads/u undefined'],
    [new ApiError('disk_full', 507, 'Full'), undefined],
  ] as const) {
    const { asked, request } = fakeNode([]);
    const sendPart = () => Promise.reject(failure);
    const sending = uploadInParts({
      shape: any,
      request,
      sendPart,
      target,
      file,
      onProgress: () => {},
      signal: new AbortController().signal,
    });
    await assert.rejects(sending, failure);
    assert.equal(asked[1], last);
  }
});
