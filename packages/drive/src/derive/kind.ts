const brands = /^(heic|heix|heim|heis|hevc|hevx|mif1|msf1|avif|avis)/;

/** What bytes are, by how they begin, whatever name they came under. */
export function kindOf(bytes: Buffer): 'image' | 'pdf' | 'other' {
  const start = bytes.subarray(0, 16).toString('latin1');
  if (/^(\xFF\xD8\xFF|\x89PNG\r\n\x1A\n|GIF8[79]a|RIFF....WEBP|II\*\0|MM\0\*)/s.test(start)) return 'image';
  if (start.slice(4, 8) === 'ftyp' && brands.test(start.slice(8))) return 'image';
  return bytes.subarray(0, 1024).includes('%PDF-') ? 'pdf' : 'other';
}
