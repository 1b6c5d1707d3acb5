import { refuse } from '../../shared/cgi';
import { Sink } from './inflate';
import { GRAY, GRAY_ALPHA, PALETTE, Picture, RGB } from './png';
import { Resizer } from './resize';

/** Puts decompressed bytes together into scanlines, undoes their filters (PNG section 9) and hands them on as RGBA. */
export class Scanlines extends Sink {
  private readonly pixelSize: i32;
  private readonly size: i32;
  /** Both begin with `pixelSize` zero bytes, which stand for the pixel left of the first one. */
  private current: usize;
  private previous: usize;
  private readonly rgba: usize;
  /** Filter of the scanline that is being filled, -1 before it is known. */
  private filter: i32 = -1;
  private filled: i32 = 0;
  private rows: i32 = 0;

  constructor(
    private readonly picture: Picture,
    private readonly resizer: Resizer,
  ) {
    super();
    this.pixelSize = picture.pixelSize();
    this.size = picture.width * this.pixelSize;
    this.current = heap.alloc(this.size + 4);
    this.previous = heap.alloc(this.size + 4);
    memory.fill(this.current, 0, this.size + 4);
    memory.fill(this.previous, 0, this.size + 4);
    this.rgba = heap.alloc(picture.width * 4);
  }

  take(pointer: usize, length: i32): void {
    const end = pointer + length;
    while (pointer < end) {
      if (this.rows === this.picture.height) refuse('The PNG holds more pixels than its header says. Export it again.');
      if (this.filter < 0) {
        this.filter = load<u8>(pointer++);
        if (this.filter > 4) refuse('A scanline of the PNG is damaged. Export it again.');
      }
      const count = min(this.size - this.filled, <i32>(end - pointer));
      memory.copy(this.current + 4 + this.filled, pointer, count);
      this.filled += count;
      pointer += count;
      if (this.filled === this.size) this.finishRow();
    }
  }

  requireComplete(): void {
    if (this.rows < this.picture.height) refuse('The picture ends too early. Send the whole file.');
  }

  private finishRow(): void {
    this.unfilter();
    this.toRgba();
    this.resizer.addRow(this.rgba);
    const finished = this.current;
    this.current = this.previous;
    this.previous = finished;
    this.filter = -1;
    this.filled = 0;
    this.rows++;
  }

  private unfilter(): void {
    if (this.filter === 0) return;
    const current = this.current + 4;
    const previous = this.previous + 4;
    const pixelSize = this.pixelSize;
    for (let index = 0; index < this.size; index++) {
      const left: i32 = index < pixelSize ? 0 : load<u8>(current + index - pixelSize);
      const up: i32 = load<u8>(previous + index);
      let prediction = 0;
      if (this.filter === 1) prediction = left;
      else if (this.filter === 2) prediction = up;
      else if (this.filter === 3) prediction = (left + up) >> 1;
      else prediction = paeth(left, up, index < pixelSize ? 0 : load<u8>(previous + index - pixelSize));
      store<u8>(current + index, <u8>(load<u8>(current + index) + prediction));
    }
  }

  private toRgba(): void {
    const picture = this.picture;
    for (let x = 0; x < picture.width; x++) {
      const from = this.current + 4 + x * this.pixelSize;
      const to = this.rgba + x * 4;
      if (picture.colorType === PALETTE) {
        const color: i32 = load<u8>(from);
        if (color >= picture.paletteSize) refuse('A pixel of the PNG uses a colour that is not in its palette. Export it again.');
        memory.copy(to, picture.palette + color * 3, 3);
        store<u8>(to, color < picture.transparencySize ? load<u8>(picture.transparency + color) : 255, 3);
      } else if (picture.colorType === GRAY || picture.colorType === GRAY_ALPHA) {
        const value = load<u8>(from);
        store<u8>(to, value);
        store<u8>(to, value, 1);
        store<u8>(to, value, 2);
        store<u8>(to, picture.colorType === GRAY_ALPHA ? load<u8>(from, 1) : this.alphaOf(from, 1), 3);
      } else {
        memory.copy(to, from, 3);
        store<u8>(to, picture.colorType === RGB ? this.alphaOf(from, 3) : load<u8>(from, 3), 3);
      }
    }
  }

  /** 0 for the one transparent colour of a picture without an alpha channel. */
  private alphaOf(pixel: usize, channels: i32): u8 {
    const transparency = this.picture.transparency;
    if (transparency === 0) return 255;
    for (let channel = 0; channel < channels; channel++) {
      if (load<u8>(transparency + channel * 2) !== 0 || load<u8>(transparency + channel * 2, 1) !== load<u8>(pixel + channel)) return 255;
    }
    return 0;
  }
}

export function paeth(left: i32, up: i32, corner: i32): i32 {
  const base = left + up - corner;
  const toLeft = abs(base - left);
  const toUp = abs(base - up);
  const toCorner = abs(base - corner);
  return toLeft <= toUp && toLeft <= toCorner ? left : toUp <= toCorner ? up : corner;
}
