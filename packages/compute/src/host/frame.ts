/** One message between the server and a host process: a kind, a JSON head and a body of bytes. */
export type Frame = { kind: FrameKind; head: unknown; body: Uint8Array };

/** What only a host of JavaScript and the server say to each other. */
const javascriptKinds = ['modules', 'pull', 'input', 'output', 'log', 'ask', 'answer', 'more', 'chunk', 'cancel'] as const;
const kinds = ['run', 'late', 'program', 'ready', 'need', 'result', 'proof', 'read', 'content', 'taken', ...javascriptKinds] as const;
export type FrameKind = (typeof kinds)[number];

/** On the wire: length of the rest (u32le), kind (u8), length of the head (u32le), head, body. */
const prefix = 9;
/** A head is parsed as JSON all at once, so it may not be as large as a body. */
const largestHead = 4 * 1024 * 1024;

/** The frame in one piece: in the beginning of `room` where it fits, which then is not to be used until it is sent. */
export function encodeFrame(kind: FrameKind, head: unknown = null, body: readonly Uint8Array[] = [], room?: Buffer): Buffer {
  const json = JSON.stringify(head);
  const headBytes = Buffer.byteLength(json);
  let total = prefix + headBytes;
  for (const { length } of body) total += length;
  const frame = room && total <= room.length ? room.subarray(0, total) : Buffer.allocUnsafe(total);
  frame.writeUInt32LE(total - 4, 0);
  frame[4] = kinds.indexOf(kind);
  frame.writeUInt32LE(headBytes, 5);
  frame.write(json, prefix);
  let at = prefix + headBytes;
  for (const bytes of body) {
    frame.set(bytes, at);
    at += bytes.length;
  }
  return frame;
}

/** Puts frames together from the pieces in which they arrive. A frame beyond `limit` bytes, or a broken one, throws. */
export class FrameReader {
  readonly #limit: number;
  #pieces: Uint8Array[] = [];
  #have = 0;
  #wanted = 4;

  constructor(limit: number) {
    this.#limit = limit;
  }

  push(piece: Uint8Array): void {
    this.#pieces.push(piece);
    this.#have += piece.length;
  }

  /** Copies what is left of the last piece, so that the place where it was read can be read into again. */
  copyLast(): void {
    const last = this.#pieces.pop();
    if (last !== undefined && last.length > 0) this.#pieces.push(Buffer.from(last));
  }

  /** The next whole frame, if it is there. */
  next(): Frame | undefined {
    if (this.#have < this.#wanted) return undefined;
    const [first] = this.#pieces;
    const bytes =
      first?.length === this.#have ? Buffer.from(first.buffer, first.byteOffset, first.length) : Buffer.concat(this.#pieces, this.#have);
    this.#pieces = [bytes];
    const end = 4 + bytes.readUInt32LE(0);
    if (end > this.#limit || end < prefix) throw new Error(`A frame of ${end} bytes; at most ${this.#limit} are accepted`);
    this.#wanted = end;
    if (bytes.length < end) return undefined;
    const kind = kinds[bytes.readUInt8(4)];
    const body = prefix + bytes.readUInt32LE(5);
    if (kind === undefined || body > end || body > prefix + largestHead) throw new Error('A frame with an unknown kind or a broken head');
    const head: unknown = JSON.parse(bytes.toString('utf8', prefix, body));
    this.#pieces = [bytes.subarray(end)];
    this.#have = bytes.length - end;
    this.#wanted = 4;
    return { kind, head, body: bytes.subarray(body, end) };
  }
}
