import { Bytes } from '../../shared/bytes';
import { crc32 } from './checksum';
import { Deflate } from './deflate';
import { RGB, RGBA } from './png';
import { paeth } from './scanlines';

/** Writes RGBA pixels as a PNG file, without the alpha channel when it is not needed. */
export function writePng(out: Bytes, pixels: usize, width: i32, height: i32, hasAlpha: bool): void {
  wideNumber(out, 0x89504e47);
  wideNumber(out, 0x0d0a1a0a);

  const header = new Bytes(13);
  wideNumber(header, width);
  wideNumber(header, height);
  header.push(8);
  header.push(hasAlpha ? RGBA : RGB);
  for (let zero = 0; zero < 3; zero++) header.push(0);
  chunk(out, 'IHDR', header);

  const scanlines = filter(pixels, width, height, hasAlpha ? 4 : 3);
  const compressed = new Bytes(scanlines.length + 1024);
  new Deflate(compressed).run(scanlines.pointer, scanlines.length);
  chunk(out, 'IDAT', compressed);
  chunk(out, 'IEND', new Bytes(0));
}

function wideNumber(out: Bytes, value: u32): void {
  store<u32>(out.reserve(4), bswap(value));
  out.length += 4;
}

function chunk(out: Bytes, type: string, data: Bytes): void {
  wideNumber(out, data.length);
  const start = out.length;
  out.text(type);
  out.append(data.pointer, data.length);
  wideNumber(out, crc32(out.pointer + start, data.length + 4));
}

/** Every scanline with the filter that leaves the smallest differences, as the PNG specification advises (section 12.7). */
function filter(pixels: usize, width: i32, height: i32, channels: i32): Bytes {
  const size = width * channels;
  const out = new Bytes((size + 1) * height);
  let previous = heap.alloc(size);
  let current = heap.alloc(size);
  memory.fill(previous, 0, size);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) memory.copy(current + x * channels, pixels + (y * width + x) * 4, channels);
    let best: u32 = 0;
    let smallest: u32 = u32.MAX_VALUE;
    for (let kind: u32 = 0; kind <= 4; kind++) {
      let sum: u32 = 0;
      for (let index = 0; index < size; index++) sum += abs(<i32>(<i8>difference(kind, current, previous, index, channels)));
      if (sum < smallest) {
        smallest = sum;
        best = kind;
      }
    }
    out.push(best);
    for (let index = 0; index < size; index++) out.push(difference(best, current, previous, index, channels));
    const finished = current;
    current = previous;
    previous = finished;
  }
  return out;
}

function difference(kind: u32, current: usize, previous: usize, index: i32, channels: i32): u32 {
  const left: i32 = index < channels ? 0 : load<u8>(current + index - channels);
  const up: i32 = load<u8>(previous + index);
  const corner: i32 = index < channels ? 0 : load<u8>(previous + index - channels);
  const prediction = kind === 0 ? 0 : kind === 1 ? left : kind === 2 ? up : kind === 3 ? (left + up) >> 1 : paeth(left, up, corner);
  return (<i32>load<u8>(current + index) - prediction) & 0xff;
}
