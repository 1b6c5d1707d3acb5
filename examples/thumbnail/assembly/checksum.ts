/** CRC-32 of PNG chunks (PNG specification, annex D), four bits at a time. */
const crcTable: StaticArray<u32> = [
  0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8,
  0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
];

export function crc32(pointer: usize, length: i32): u32 {
  let crc: u32 = 0xffffffff;
  for (let index = 0; index < length; index++) {
    crc ^= load<u8>(pointer + index);
    crc = unchecked(crcTable[crc & 15]) ^ (crc >> 4);
    crc = unchecked(crcTable[crc & 15]) ^ (crc >> 4);
  }
  return ~crc;
}

/** The checksum that ends a zlib stream (RFC 1950), kept up piece by piece. Begins at 1. */
export function adler32(before: u32, pointer: usize, length: i32): u32 {
  let a: u32 = before & 0xffff;
  let b: u32 = before >> 16;
  // 5552 is the most bytes after which neither sum has passed 32 bits.
  for (let index = 0; index < length;) {
    const end = min(index + 5552, length);
    for (; index < end; index++) {
      a += load<u8>(pointer + index);
      b += a;
    }
    a %= 65521;
    b %= 65521;
  }
  return (b << 16) | a;
}
