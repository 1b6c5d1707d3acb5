import { Bytes } from '../../shared/bytes';
import { refuse } from '../../shared/cgi';

/** JSON is UTF-8 (RFC 8259 8.1), so a body that is not would make an answer that nobody can read. Table 3-7 of the Unicode standard. */
export function requireUtf8(bytes: Bytes): void {
  let index = 0;
  while (index < bytes.length) {
    const lead = bytes.at(index);
    const size = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
    let isValid = size > 0 && index + size <= bytes.length;
    if (isValid && size > 1) {
      const second = bytes.at(index + 1);
      const lowest: u32 = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
      const highest: u32 = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
      isValid = second >= lowest && second <= highest;
      for (let more = 2; more < size; more++) isValid = isValid && (bytes.at(index + more) & 0xc0) === 0x80;
    }
    if (!isValid)
      refuse('The body is not UTF-8: byte ' + index.toString() + ' begins no character. Save the file as UTF-8 and send it again.');
    index += size;
  }
}
