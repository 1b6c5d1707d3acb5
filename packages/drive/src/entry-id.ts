/**
 * 48 bits of time and 80 random bits, in hex. The time first keeps rows that are made together together in the index;
 * the rest cannot be guessed. To the outside an id means nothing.
 */
export function entryId({ now, randomFill }: { now: number; randomFill: (bytes: Uint8Array) => void }): string {
  const bytes = Buffer.alloc(16);
  randomFill(bytes);
  bytes.writeUIntBE(now, 0, 6);
  return bytes.toString('hex');
}
