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
