import { createHash } from 'node:crypto';

/** The namespace that RFC 9562 sets aside for URLs: 6ba7b811-9dad-11d1-80b4-00c04fd430c8. */
const urls = Buffer.from('6ba7b8119dad11d180b400c04fd430c8', 'hex');

/** UUID version 5: the same name has the same UUID on every node. */
export function uuidOf(name: string): string {
  const hash = createHash('sha1').update(urls).update(name).digest();
  hash.writeUInt8((hash.readUInt8(6) & 0x0f) | 0x50, 6);
  hash.writeUInt8((hash.readUInt8(8) & 0x3f) | 0x80, 8);
  return hyphenated(hash.toString('hex'));
}

/** UUID version 4. */
export function randomUuid(random: (length: number) => Uint8Array): string {
  const bytes = Buffer.from(random(16));
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x40, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return hyphenated(bytes.toString('hex'));
}

const hyphenated = (hex: string) => [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
