import { refuse } from '../../shared/cgi';

const mostPixels: u64 = 4 * 1024 * 1024;

/**
 * Makes a picture smaller while it is read: every pixel of the result is the average of exactly the area it covers (a box
 * filter). Colours are weighted by their alpha, so that what is transparent does not bleed into what is seen.
 */
export class Resizer {
  readonly width: i32;
  readonly height: i32;
  /** The result as RGBA. */
  readonly pixels: usize;
  /** Sums for the row of the result that is being filled: red, green and blue times alpha, alpha; weighted by area. */
  private readonly sums: usize;
  private readonly line: usize;
  private readonly rowsPerRow: f64;
  private read: i32 = 0;
  private written: i32 = 0;

  constructor(
    private readonly fromWidth: i32,
    fromHeight: i32,
    wantedWidth: i32,
  ) {
    this.width = min(wantedWidth, fromWidth);
    this.height = max(1, <i32>Math.round((<f64>fromHeight * this.width) / fromWidth));
    if (<u64>this.width * this.height > mostPixels)
      refuse('The picture is so tall that its thumbnail would be too large. Ask for a smaller width.');
    this.rowsPerRow = <f64>fromHeight / this.height;
    this.pixels = heap.alloc(this.width * this.height * 4);
    this.sums = heap.alloc(this.width * 32);
    this.line = heap.alloc(this.width * 32);
    memory.fill(this.sums, 0, this.width * 32);
  }

  /** Takes the next scanline, as RGBA. */
  addRow(rgba: usize): void {
    this.narrow(rgba);
    let from: f64 = this.read++;
    const end = from + 1;
    while (from < end && this.written < this.height) {
      const border = this.written + 1 === this.height ? f64.MAX_VALUE : (this.written + 1) * this.rowsPerRow;
      const to = min(end, border);
      this.add(to - from);
      from = to;
      if (border <= end) this.finishRow();
    }
  }

  /** Ends the last row, whose border rounding may have put a hair behind the end of the picture. */
  finish(): void {
    if (this.written < this.height) this.finishRow();
  }

  /** Sums one scanline into `line`, as wide as the result. */
  private narrow(rgba: usize): void {
    const step = <f64>this.fromWidth / this.width;
    let x = 0;
    let from: f64 = 0;
    for (let column = 0; column < this.width; column++) {
      const border = column + 1 === this.width ? <f64>this.fromWidth : (column + 1) * step;
      let red: f64 = 0;
      let green: f64 = 0;
      let blue: f64 = 0;
      let alpha: f64 = 0;
      while (from < border) {
        const to = min(<f64>(x + 1), border);
        const pixel = rgba + x * 4;
        const weight = (to - from) * load<u8>(pixel, 3);
        red += weight * load<u8>(pixel);
        green += weight * load<u8>(pixel, 1);
        blue += weight * load<u8>(pixel, 2);
        alpha += weight;
        from = to;
        if (to === <f64>(x + 1)) x++;
      }
      const sum = this.line + column * 32;
      store<f64>(sum, red);
      store<f64>(sum, green, 8);
      store<f64>(sum, blue, 16);
      store<f64>(sum, alpha, 24);
    }
  }

  private add(weight: f64): void {
    for (let index = 0; index < this.width * 4; index++) {
      const sum = this.sums + index * 8;
      store<f64>(sum, load<f64>(sum) + load<f64>(this.line + index * 8) * weight);
    }
  }

  private finishRow(): void {
    const area = this.rowsPerRow * (<f64>this.fromWidth / this.width);
    const row = this.pixels + this.written * this.width * 4;
    for (let column = 0; column < this.width; column++) {
      const sum = this.sums + column * 32;
      const alpha = load<f64>(sum, 24);
      const pixel = row + column * 4;
      store<u8>(pixel, alpha > 0 ? toByte(load<f64>(sum) / alpha) : 0);
      store<u8>(pixel, alpha > 0 ? toByte(load<f64>(sum, 8) / alpha) : 0, 1);
      store<u8>(pixel, alpha > 0 ? toByte(load<f64>(sum, 16) / alpha) : 0, 2);
      store<u8>(pixel, toByte(alpha / area), 3);
    }
    memory.fill(this.sums, 0, this.width * 32);
    this.written++;
  }
}

function toByte(value: f64): u8 {
  return <u8>min(255, max(0, <i32>(value + 0.5)));
}
