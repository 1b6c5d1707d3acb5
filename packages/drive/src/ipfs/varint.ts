/** Unsigned LEB128, as protobuf and CAR have it, of numbers up to 2^53. */
export function encodeVarint(value: number): Uint8Array {
  const bytes = new Uint8Array(varintSize(value));
  for (let index = 0, rest = value; index < bytes.length; index++, rest = Math.floor(rest / 128))
    bytes[index] = (rest % 128) | (index < bytes.length - 1 ? 0x80 : 0);
  return bytes;
}

export function varintSize(value: number): number {
  let size = 1;
  for (let rest = value; rest >= 128; rest /= 128) size++;
  return size;
}
