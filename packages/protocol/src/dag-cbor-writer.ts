const [unsigned, bytesType, textType, list, map, tag] = [0, 2, 3, 4, 5, 6];
const cidTag = 42;
const utf8 = new TextEncoder();
/** Where every document is written before it is copied out: nothing is awaited in between. */
const desk = new Uint8Array(8 * 1024);
const deskView = new DataView(desk.buffer);

/**
 * Writes DAG-CBOR front to back, one document at a time, for documents whose fields are known: the caller writes the names of a map in their order, shorter
 * ones first and then by their bytes. It takes a fraction of the time that walking an object of any shape does.
 */
export function openDagCborWriter() {
  let bytes = desk;
  let view = deskView;
  let at = 0;

  function reserve(size: number): void {
    if (at + size <= bytes.length) return;
    const larger = new Uint8Array(Math.max(bytes.length * 2, at + size));
    larger.set(bytes);
    bytes = larger;
    view = new DataView(bytes.buffer);
  }

  /** The kind of what follows, with its number or size, in the shortest form. */
  function head(kind: number, value: number): void {
    reserve(9);
    const first = kind << 5;
    if (value < 24) bytes[at++] = first | value;
    else if (value < 0x100) {
      bytes[at++] = first | 24;
      bytes[at++] = value;
    } else if (value < 0x1_0000) {
      bytes[at++] = first | 25;
      view.setUint16(at, value);
      at += 2;
    } else if (value < 0x1_0000_0000) {
      bytes[at++] = first | 26;
      view.setUint32(at, value);
      at += 4;
    } else {
      bytes[at++] = first | 27;
      view.setBigUint64(at, BigInt(value));
      at += 8;
    }
  }

  function raw(given: Uint8Array): void {
    reserve(given.length);
    bytes.set(given, at);
    at += given.length;
  }

  return {
    /** A whole number, at least 0. */
    number: (value: number): void => head(unsigned, value),
    boolean(value: boolean): void {
      reserve(1);
      bytes[at++] = value ? 0xf5 : 0xf4;
    },
    null(): void {
      reserve(1);
      bytes[at++] = 0xf6;
    },
    bytes(value: Uint8Array): void {
      head(bytesType, value.length);
      raw(value);
    },
    text(value: string): void {
      const start = at;
      head(textType, value.length);
      reserve(value.length);
      for (let index = 0; index < value.length; index++) {
        const code = value.charCodeAt(index);
        if (code > 0x7f) {
          at = start;
          const encoded = utf8.encode(value);
          head(textType, encoded.length);
          return raw(encoded);
        }
        bytes[at++] = code;
      }
    },
    /** A link, given by the bytes of its CID. */
    link(cid: Uint8Array): void {
      head(tag, cidTag);
      head(bytesType, cid.length + 1);
      reserve(1);
      bytes[at++] = 0;
      raw(cid);
    },
    /** So many values follow. */
    list: (size: number): void => head(list, size),
    /** So many names follow, each with its value. */
    map: (size: number): void => head(map, size),
    /** What was written. */
    end: (): Uint8Array => bytes.slice(0, at),
  };
}

/** The order of names in a map. */
export function compareNames(a: string, b: string): number {
  if (isAscii(a) && isAscii(b)) return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
  const [first, second] = [utf8.encode(a), utf8.encode(b)];
  if (first.length !== second.length) return first.length - second.length;
  const at = first.findIndex((byte, index) => byte !== second[index]);
  return at === -1 ? 0 : (first[at] ?? 0) - (second[at] ?? 0);
}

function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) > 0x7f) return false;
  return true;
}
