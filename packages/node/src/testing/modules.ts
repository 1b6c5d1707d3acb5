const bytes = (hex: string) => Buffer.from(hex.replace(/\s/g, ''), 'hex');

/**
 * A core WebAssembly module, assembled by hand: `add(f64, f64) → f64`, `spin(i32) → i32` which counts down to zero,
 * and `fail()` which traps.
 */
export const arithmetic: Buffer = bytes(`
  0061736d 01000000
  01 0f 03  60 02 7c 7c 01 7c  60 01 7f 01 7f  60 00 00
  03 04 03 00 01 02
  07 15 03  03 616464 00 00  04 7370696e 00 01  04 6661696c 00 02
  0a 1e 03
    07 00 20 00 20 01 a0 0b
    10 00 03 40 20 00 41 01 6b 22 00 0d 00 0b 20 00 0b
    03 00 00 0b
`);

/** A WASI command that writes one text to standard output and ends: a CGI program with a fixed answer. */
export function printing(text: string): Buffer {
  const data = Buffer.from(text);
  const section = (id: number, ...content: Buffer[]) => Buffer.concat([Buffer.of(id), leb(Buffer.concat(content).length), ...content]);
  const named = (name: string) => Buffer.concat([leb(name.length), Buffer.from(name)]);
  // One iovec at address 0 {16, length}; the count of written bytes goes to 8; the text is at 16.
  const memory = Buffer.alloc(16 + data.length);
  memory.writeUInt32LE(16, 0);
  memory.writeUInt32LE(data.length, 4);
  data.copy(memory, 16);
  return Buffer.concat([
    bytes('0061736d 01000000'),
    section(1, bytes('02  60 04 7f 7f 7f 7f 01 7f  60 00 00')),
    section(2, Buffer.of(1), named('wasi_snapshot_preview1'), named('fd_write'), bytes('00 00')),
    section(3, bytes('01 01')),
    section(5, bytes('01 00 01')),
    section(7, Buffer.of(2), named('memory'), bytes('02 00'), named('_start'), bytes('00 01')),
    section(10, bytes('01  0d 00  41 01  41 00  41 01  41 08  10 00  1a 0b')),
    section(11, bytes('01 00 41 00 0b'), leb(memory.length), memory),
  ]);
}

/** Unsigned LEB128. */
function leb(value: number): Buffer {
  const digits: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    digits.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    if (rest <= 0x7f) return Buffer.from(digits);
  }
}
