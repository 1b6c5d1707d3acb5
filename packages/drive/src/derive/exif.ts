export type Exif = { camera?: string; lens?: string; takenAt?: string; description?: string; artist?: string };

const tags: Record<number, 'make' | 'model' | 'changed' | 'taken' | 'lens' | 'description' | 'artist'> = {
  0x010e: 'description',
  0x010f: 'make',
  0x0110: 'model',
  0x0132: 'changed',
  0x013b: 'artist',
  0x9003: 'taken',
  0xa434: 'lens',
};
const exifFolder = 0x8769;
const ascii = 2;
const maximumEntries = 512;
const maximumText = 500;

/** The few texts of a photograph's EXIF block that a person would search for. Whatever is broken in it is left out; nothing throws. */
export function readExif(block: Uint8Array): Exif {
  const start = Buffer.from(block.subarray(0, 4)).toString('latin1') === 'Exif' ? 6 : 0;
  const bytes = Buffer.from(block.buffer, block.byteOffset + start, Math.max(0, block.byteLength - start));
  const order = bytes.subarray(0, 2).toString('latin1');
  if (bytes.length < 8 || (order !== 'II' && order !== 'MM')) return {};
  const little = order === 'II';
  const two = (at: number) => (at + 2 > bytes.length ? 0 : little ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at));
  const four = (at: number) => (at + 4 > bytes.length ? 0 : little ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at));
  const found = new Map<string, string>();

  /** One folder of entries; a folder inside is looked into once and no further. */
  function look(folder: number, inner: boolean) {
    const count = Math.min(two(folder), maximumEntries);
    for (let entry = folder + 2; entry < folder + 2 + count * 12 && entry + 12 <= bytes.length; entry += 12) {
      const tag = two(entry);
      if (tag === exifFolder && !inner) look(four(entry + 8), true);
      const name = tags[tag];
      if (name === undefined || two(entry + 2) !== ascii) continue;
      const length = Math.min(four(entry + 4), maximumText);
      const at = length > 4 ? four(entry + 8) : entry + 8;
      const text = readableText(bytes.subarray(at, at + length));
      if (text !== '') found.set(name, text);
    }
  }
  look(four(4), false);

  const make = found.get('make') ?? '';
  const model = found.get('model') ?? '';
  // Many models begin with their maker: "Canon" and "Canon EOS R5".
  const camera = model.toLowerCase().startsWith(make.split(' ', 1)[0]?.toLowerCase() ?? '') ? model : `${make} ${model}`.trim();
  const [, year, month, day, time] = /^(\d{4}):(\d\d):(\d\d) (\d\d:\d\d:\d\d)/.exec(found.get('taken') ?? found.get('changed') ?? '') ?? [];
  const lens = found.get('lens');
  const description = found.get('description');
  const artist = found.get('artist');
  return {
    ...((camera || make) && { camera: camera || make }),
    ...(lens && { lens }),
    // The camera's own clock; its time zone is seldom known.
    ...(year && { takenAt: `${year}-${month}-${day}T${time}` }),
    ...(description && { description }),
    ...(artist && { artist }),
  };
}

const readableText = (bytes: Buffer) =>
  bytes
    .toString('utf8')
    .split('\0', 1)[0]
    ?.replace(/[\p{Cc}\uFFFD]+/gu, ' ')
    .trim() ?? '';
