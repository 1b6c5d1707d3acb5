/** What an ELF executable is for, as far as the sandbox cares. */
export type ElfInfo = { arch: 'linux-x64' | 'linux-arm64' | 'other'; static: boolean };

const machines: Record<number, ElfInfo['arch']> = { 0x3e: 'linux-x64', 0xb7: 'linux-arm64' };
const executableTypes = new Set([2, 3]); // ET_EXEC, ET_DYN (position-independent)
const interpreterSegment = 3; // PT_INTERP: the program asks for a dynamic loader
const headerSize = 64;
const segmentSize = 56;

/**
 * Reads the header and the program headers of an ELF executable (System V ABI, chapter 4). Undefined for anything else. `bytes` may be
 * the beginning of the file; if the program headers lie beyond it, nothing is known and the file counts as not static.
 * The runner looks again at what it is about to execute (elf.c), so this is for a good answer at upload, not for safety.
 */
export function inspectElf(bytes: Uint8Array): ElfInfo | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < headerSize || view.getUint32(0) !== 0x7f454c46) return undefined;
  const is64Bit = bytes[4] === 2;
  const isLittleEndian = bytes[5] === 1;
  if (!is64Bit || !isLittleEndian) return { arch: 'other', static: false };
  if (!executableTypes.has(view.getUint16(16, true))) return undefined;

  const arch = machines[view.getUint16(18, true)] ?? 'other';
  const table = Number(view.getBigUint64(32, true));
  const count = view.getUint16(56, true);
  if (view.getUint16(54, true) !== segmentSize || count === 0 || table + count * segmentSize > bytes.length) return { arch, static: false };
  for (let index = 0; index < count; index++) {
    if (view.getUint32(table + index * segmentSize, true) === interpreterSegment) return { arch, static: false };
  }
  return { arch, static: true };
}
