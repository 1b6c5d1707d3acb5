import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeFrame, FrameReader } from './frame.ts';

test('frames come out as they went in, however they are cut, and from one place that is read into again and again', () => {
  const bytes = Buffer.concat([encodeFrame('run', { args: ['ä'] }, [Buffer.from('one'), Buffer.from('two')]), encodeFrame('ready')]);
  for (const size of [1, 3, 7, bytes.length]) {
    const reader = new FrameReader(1000);
    const frames = [];
    const place = new Uint8Array(size);
    for (let from = 0; from < bytes.length; from += size) {
      const piece = bytes.subarray(from, from + size);
      reader.copyLast();
      place.set(piece);
      reader.push(place.subarray(0, piece.length));
      for (let frame = reader.next(); frame !== undefined; frame = reader.next())
        frames.push([frame.kind, frame.head, Buffer.from(frame.body).toString()]);
    }
    assert.deepEqual(frames, [
      ['run', { args: ['ä'] }, 'onetwo'],
      ['ready', null, ''],
    ]);
  }
});

test('too large and broken frames are refused', () => {
  const next = (bytes: Uint8Array) => {
    const reader = new FrameReader(100);
    reader.push(bytes);
    return reader.next();
  };
  assert.throws(() => next(encodeFrame('run', null, [new Uint8Array(100)])), /at most 100/);
  assert.throws(() => next(Uint8Array.of(5, 0, 0, 0, 99, 0, 0, 0, 0)), /unknown kind/);
  assert.throws(() => next(Uint8Array.of(5, 0, 0, 0, 0, 9, 0, 0, 0)), /broken head/);
  assert.throws(() => next(Uint8Array.of(0, 0, 0, 0)), /A frame of 4 bytes/);
});
