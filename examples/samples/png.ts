// Makes PNG pictures of every kind that the thumbnail function reads, for tests and for trying it out.
// Usage: node examples/samples/png.ts > picture.png
import { crc32, deflateSync, type ZlibOptions } from 'node:zlib';

export type ColorType = 'gray' | 'rgb' | 'palette' | 'gray-alpha' | 'rgba';
const colorTypes: Record<ColorType, { code: number; channels: number }> = {
  gray: { code: 0, channels: 1 },
  rgb: { code: 2, channels: 3 },
  palette: { code: 3, channels: 1 },
  'gray-alpha': { code: 4, channels: 2 },
  rgba: { code: 6, channels: 4 },
};

export type PictureOptions = {
  width: number;
  height: number;
  colorType: ColorType;
  /** The channels of one pixel, as the colour type has them. */
  pixel: (x: number, y: number) => number[];
  /** Filter 0 to 4 of each scanline. */
  filter?: (y: number) => number;
  palette?: number[];
  transparency?: number[];
  compression?: ZlibOptions;
  /** Bytes in each IDAT chunk. */
  chunkSize?: number;
  depth?: number;
  interlaced?: boolean;
};

export const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

export function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const frame = Buffer.alloc(body.length + 8);
  frame.writeUInt32BE(data.length, 0);
  body.copy(frame, 4);
  frame.writeUInt32BE(crc32(body), body.length + 4);
  return frame;
}

export function makePng({
  width,
  height,
  colorType,
  pixel,
  filter = () => 0,
  palette,
  transparency,
  compression = {},
  chunkSize = 8192,
  depth = 8,
  interlaced = false,
}: PictureOptions): Buffer {
  const { code, channels } = colorTypes[colorType];
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([depth, code, 0, 0, interlaced ? 1 : 0], 8);
  const size = width * channels;
  const lines: Buffer[] = [];
  let previous = Buffer.alloc(size);
  for (let y = 0; y < height; y++) {
    const current = Buffer.from(Array.from({ length: width }, (_, x) => pixel(x, y)).flat());
    lines.push(filterLine({ kind: filter(y), current, previous, channels }));
    previous = current;
  }
  const data = deflateSync(Buffer.concat(lines), compression);
  const pieces = Array.from({ length: Math.ceil(data.length / chunkSize) }, (_, index) =>
    data.subarray(index * chunkSize, (index + 1) * chunkSize),
  );
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('tEXt', Buffer.from('Software\0Freehold')),
    ...(palette ? [chunk('PLTE', Buffer.from(palette))] : []),
    ...(transparency ? [chunk('tRNS', Buffer.from(transparency))] : []),
    ...pieces.map((piece) => chunk('IDAT', piece)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function filterLine({ kind, current, previous, channels }: { kind: number; current: Buffer; previous: Buffer; channels: number }): Buffer {
  const line = Buffer.alloc(current.length + 1);
  line[0] = kind;
  for (const [index, value] of current.entries()) {
    line[index + 1] =
      value - predict(kind, current[index - channels] ?? 0, previous[index] ?? 0, index < channels ? 0 : (previous[index - channels] ?? 0));
  }
  return line;
}

/** What the filters of PNG (section 9) expect of a byte, from those left of it, above it, and above on the left. */
export function predict(kind: number, left: number, up: number, corner: number): number {
  if (kind === 0) return 0;
  if (kind === 1) return left;
  if (kind === 2) return up;
  if (kind === 3) return Math.floor((left + up) / 2);
  const [toLeft, toUp, toCorner] = [Math.abs(up - corner), Math.abs(left - corner), Math.abs(left + up - 2 * corner)];
  return toLeft <= toUp && toLeft <= toCorner ? left : toUp <= toCorner ? up : corner;
}

/** Hills under an evening sky. */
export const landscape = (width: number, height: number): Buffer =>
  makePng({
    width,
    height,
    colorType: 'rgb',
    filter: (y) => (y % 4) + 1,
    pixel(x, y) {
      const hill = height * (0.65 + 0.1 * Math.sin((x / width) * 9) + 0.05 * Math.sin((x / width) * 31));
      const dusk = y / height;
      return y > hill ? [30, 60 + 50 * (y / height - 0.5), 50] : [250 - 90 * (1 - dusk), 120 + 80 * dusk, 90 + 90 * (1 - dusk)];
    },
  });

if (import.meta.main) process.stdout.write(landscape(960, 600));
