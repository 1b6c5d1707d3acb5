const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';
const values = new Int8Array(128).fill(-1);
for (let index = 0; index < alphabet.length; index++) values[alphabet.charCodeAt(index)] = index;

/** RFC 4648 in lower case and without padding: how CIDs are written. */
export function toBase32(bytes: Uint8Array): string {
  const codes: number[] = [];
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      codes.push(alphabet.charCodeAt((held >>> bits) & 31));
    }
    held &= (1 << bits) - 1;
  }
  if (bits > 0) codes.push(alphabet.charCodeAt((held << (5 - bits)) & 31));
  return String.fromCharCode(...codes);
}

/** The bytes from the character at `start` on; undefined when it is not the one way to write them. */
export function fromBase32(text: string, start = 0): Uint8Array | undefined {
  const bytes = new Uint8Array(((text.length - start) * 5) >>> 3);
  let bits = 0;
  let held = 0;
  let at = 0;
  for (let index = start; index < text.length; index++) {
    const value = values[text.charCodeAt(index)] ?? -1;
    if (value === -1) return undefined;
    held = (held << 5) | value;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes[at++] = held >>> bits;
    held &= (1 << bits) - 1;
  }
  return bits < 5 && held === 0 ? bytes : undefined;
}
