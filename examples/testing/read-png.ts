import assert from 'node:assert/strict';
import { crc32, inflateSync } from 'node:zlib';
import { predict, signature } from '../samples/png.ts';

/** Reads the RGB and RGBA pictures that the thumbnail function writes, with zlib and apart from its own code. Checks everything on the way. */
export function readPng(file: Buffer): { width: number; height: number; rgba: number[] } {
  assert.deepEqual(file.subarray(0, 8), signature);
  const chunks = new Map<string, Buffer>();
  for (let offset = 8; offset < file.length;) {
    const size = file.readUInt32BE(offset);
    const body = file.subarray(offset + 4, offset + 8 + size);
    assert.equal(crc32(body), file.readUInt32BE(offset + 8 + size));
    chunks.set(body.toString('latin1', 0, 4), body.subarray(4));
    offset += size + 12;
  }
  assert.deepEqual([...chunks.keys()], ['IHDR', 'IDAT', 'IEND']);
  const header = chunks.get('IHDR') ?? assert.fail();
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  assert.ok(header[8] === 8 && (header[9] === 2 || header[9] === 6) && header[12] === 0);
  const channels = header[9] === 6 ? 4 : 3;
  const lines = inflateSync(chunks.get('IDAT') ?? assert.fail());
  const size = width * channels;
  assert.equal(lines.length, (size + 1) * height);
  const rgba: number[] = [];
  let previous = Buffer.alloc(size);
  for (let y = 0; y < height; y++) {
    const line = lines.subarray(y * (size + 1), (y + 1) * (size + 1));
    const current = Buffer.alloc(size);
    for (let index = 0; index < size; index++) {
      const corner = index < channels ? 0 : (previous[index - channels] ?? 0);
      current[index] = (line[index + 1] ?? 0) + predict(line[0] ?? 0, current[index - channels] ?? 0, previous[index] ?? 0, corner);
    }
    for (let x = 0; x < width; x++)
      rgba.push(...current.subarray(x * channels, x * channels + 3), channels === 4 ? (current[x * 4 + 3] ?? 0) : 255);
    previous = current;
  }
  return { width, height, rgba };
}
