// The chunks of a PNG file (PNG specification, third edition).
import { Bytes } from '../../shared/bytes';
import { refuse } from '../../shared/cgi';
import { crc32 } from './checksum';

export const GRAY = 0;
export const RGB = 2;
export const PALETTE = 3;
export const GRAY_ALPHA = 4;
export const RGBA = 6;

const IHDR: u32 = 0x49484452;
const PLTE: u32 = 0x504c5445;
const TRNS: u32 = 0x74524e53;
const IDAT: u32 = 0x49444154;
const IEND: u32 = 0x49454e44;

/** Larger pictures would take longer than a call may. */
const mostPixels: u64 = 64 * 1024 * 1024;

export function bigEndian(pointer: usize): u32 {
  return bswap(load<u32>(pointer));
}

export class Picture {
  width: i32 = 0;
  height: i32 = 0;
  colorType: i32 = 0;
  palette: usize = 0;
  paletteSize: i32 = 0;
  transparency: usize = 0;
  transparencySize: i32 = 0;
  /** The compressed pixels, moved together from all their chunks. */
  data: usize = 0;
  dataEnd: usize = 0;

  hasAlpha(): bool {
    return this.colorType === GRAY_ALPHA || this.colorType === RGBA || this.transparencySize > 0;
  }

  /** Bytes of one pixel in a scanline. */
  pixelSize(): i32 {
    return this.colorType === RGB ? 3 : this.colorType === RGBA ? 4 : this.colorType === GRAY_ALPHA ? 2 : 1;
  }
}

/** Reads the chunks. What is not needed is skipped, but every checksum is looked at. */
export function readPicture(file: Bytes): Picture {
  requireSignature(file);
  const picture = new Picture();
  const end = file.pointer + file.length;
  for (let chunk = file.pointer + 8; ;) {
    if (chunk + 12 > end) refuse('The picture ends too early. Send the whole file.');
    const size = bigEndian(chunk);
    if (size > 0x7fffffff || size > <u32>(end - chunk - 12)) refuse('The picture ends too early. Send the whole file.');
    const type = bigEndian(chunk + 4);
    const data = chunk + 8;
    if (crc32(chunk + 4, size + 4) !== bigEndian(data + size))
      refuse('A checksum in the picture is wrong: it was damaged on the way. Send it again.');
    if (picture.width === 0 && type !== IHDR) refuse('The PNG does not begin with its header. Export it again.');
    if (type === IEND) break;
    if (type === IHDR) readHeader(picture, data, size);
    else if (type === PLTE) readPalette(picture, data, size);
    else if (type === TRNS) readTransparency(picture, data, size);
    else if (type === IDAT) {
      if (picture.data === 0) picture.data = picture.dataEnd = data;
      memory.copy(picture.dataEnd, data, size);
      picture.dataEnd += size;
    } else if ((type & 0x20000000) === 0) refuse('The PNG needs a part that this function does not know. Export it as an ordinary PNG.');
    chunk = data + size + 4;
  }
  if (picture.data === 0) refuse('The PNG has no pixels in it. Export it again.');
  if (picture.colorType === PALETTE && picture.palette === 0) refuse('The PNG says it has a palette, but there is none. Export it again.');
  return picture;
}

function requireSignature(file: Bytes): void {
  if (file.length === 0) refuse('The body is empty. Send a PNG picture as the body of the request.');
  if (file.length >= 8 && bigEndian(file.pointer) === 0x89504e47 && bigEndian(file.pointer + 4) === 0x0d0a1a0a) return;
  if (file.length >= 3 && file.at(0) === 0xff && file.at(1) === 0xd8)
    refuse('This is a JPEG. Only PNG pictures are read: convert it first.');
  refuse('This is not a PNG picture. Send the bytes of a .png file as the body of the request.');
}

function readHeader(picture: Picture, data: usize, size: i32): void {
  if (size !== 13 || picture.width !== 0) refuse('The header of the PNG is damaged. Export it again.');
  const width = bigEndian(data);
  const height = bigEndian(data + 4);
  const depth = load<u8>(data, 8);
  const colorType: i32 = load<u8>(data, 9);
  if (width === 0 || height === 0 || (width | height) >> 31 !== 0) refuse('The header of the PNG is damaged. Export it again.');
  if (<u64>width * height > mostPixels) refuse('The picture has more than 64 million pixels. Send a smaller one.');
  if (depth !== 8) refuse('The PNG has ' + depth.toString() + ' bits per channel; only 8 are read. Export it with 8 bits per channel.');
  if (colorType !== GRAY && colorType !== RGB && colorType !== PALETTE && colorType !== GRAY_ALPHA && colorType !== RGBA) {
    refuse('The header of the PNG is damaged. Export it again.');
  }
  if (load<u8>(data, 12) !== 0) refuse('The PNG is interlaced, which is not read. Export it without interlacing.');
  if (load<u8>(data, 10) !== 0 || load<u8>(data, 11) !== 0) refuse('The header of the PNG is damaged. Export it again.');
  picture.width = width;
  picture.height = height;
  picture.colorType = colorType;
}

function readPalette(picture: Picture, data: usize, size: i32): void {
  if (size === 0 || size % 3 !== 0 || size > 768) refuse('The palette of the PNG is damaged. Export it again.');
  picture.palette = data;
  picture.paletteSize = size / 3;
}

/** Alpha of the palette's colours, or the one colour of a gray or RGB picture that is transparent (as 16-bit numbers). */
function readTransparency(picture: Picture, data: usize, size: i32): void {
  const type = picture.colorType;
  const isRight = type === PALETTE ? size <= picture.paletteSize : type === GRAY ? size === 2 : type === RGB ? size === 6 : false;
  if (!isRight) refuse('The transparency of the PNG is damaged. Export it again.');
  picture.transparency = data;
  picture.transparencySize = size;
}
