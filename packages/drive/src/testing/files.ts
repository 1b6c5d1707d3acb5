import { deflateSync, crc32 } from 'node:zlib';
import sharp from 'sharp';

/** A photograph-like JPEG with what a camera writes into it. */
export const photograph = ({ width = 800, height = 600, orientation = 1 } = {}): Promise<Buffer> =>
  sharp({ create: { width, height, channels: 3, background: { r: 200, g: 30, b: 60 } } })
    .withExif({
      IFD0: { Make: 'Canon', Model: 'Canon EOS R5', ImageDescription: 'A boat', Orientation: String(orientation) },
      IFD2: { DateTimeOriginal: '2026:03:04 10:11:12', LensModel: 'RF 50mm' },
    })
    .withMetadata({ orientation })
    .jpeg()
    .toBuffer();

/** A PDF of one page for each text. */
export function pdfOf(texts: readonly string[], { title }: { title?: string } = {}): Buffer {
  const pages = texts.map((text, index) => {
    const stream = `BT /F1 12 Tf 10 100 Td (${text.replace(/[()\\]/g, '\\$&')}) Tj ET`;
    return `${10 + index * 2} 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Contents ${11 + index * 2} 0 R/Resources<</Font<</F1 5 0 R>>>>>>endobj
${11 + index * 2} 0 obj<</Length ${stream.length}>>stream\n${stream}\nendstream endobj`;
  });
  const kids = texts.map((_, index) => `${10 + index * 2} 0 R`).join(' ');
  return Buffer.from(`%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[${kids}]/Count ${texts.length}>>endobj
5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj
6 0 obj<</Title(${title ?? ''})>>endobj
${pages.join('\n')}
trailer<</Root 1 0 R/Info 6 0 R>>
`);
}

/** A PNG that says to be as large as it likes, with little in it. */
export function pngSaying({ width, height, rows = 0 }: { width: number; height: number; rows?: number }): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const data = deflateSync(Buffer.alloc(rows * (1 + width * 3)));
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1A\n', 'latin1'),
    chunk('IHDR', header),
    chunk('IDAT', data),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const ends = Buffer.alloc(8);
  ends.writeUInt32BE(data.length, 0);
  ends.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)]);
}
