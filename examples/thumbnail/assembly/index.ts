// Answers a smaller version of the PNG picture in the body, ?width= pixels wide (128 when not given), as PNG.
import { answer, queryParameter, readBody, refuse, send } from '../../shared/cgi';
import { Inflate } from './inflate';
import { readPicture } from './png';
import { Resizer } from './resize';
import { Scanlines } from './scanlines';
import { writePng } from './write-png';

const defaultWidth = 128;
const greatestWidth = 1024;

export function _start(): void {
  const width = wantedWidth();
  const picture = readPicture(readBody());
  const resizer = new Resizer(picture.width, picture.height, width);
  const scanlines = new Scanlines(picture, resizer);
  new Inflate(picture.data, picture.dataEnd, scanlines).run();
  scanlines.requireComplete();
  resizer.finish();
  const png = answer('image/png');
  writePng(png, resizer.pixels, resizer.width, resizer.height, picture.hasAlpha());
  send(png);
}

function wantedWidth(): i32 {
  const text = queryParameter('width');
  if (text === '') return defaultWidth;
  let width = 0;
  for (let index = 0; index < text.length; index++) {
    const digit = text.charCodeAt(index) - 0x30;
    if (digit < 0 || digit > 9 || width > greatestWidth) refuse('The width must be a whole number from 1 to 1024, as in ?width=200.');
    width = width * 10 + digit;
  }
  if (width < 1 || width > greatestWidth) refuse('The width must be a whole number from 1 to 1024, as in ?width=200.');
  return width;
}
