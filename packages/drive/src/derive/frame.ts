/**
 * What the node and the process that reads files say to each other over its standard streams, one after another: four bytes with the
 * length of a JSON text, the text, and the bytes that it announces.
 */
export type Request = {
  /** `derive`: everything that a search and a file manager want of a file. `picture`: only the small picture, of an image. */
  task: 'derive' | 'picture';
  mediaType: string;
  /** Bytes that follow. */
  length: number;
  /** Whether they are the whole file. */
  complete: boolean;
};

/** The lengths of what follows, in this order, deflated but for the picture. */
export type Reply = { failed?: string; facts?: object; words: number; excerpt: number; picture: number };

export const headLength = 4;

export function frame(head: Request | Reply): Buffer {
  const text = Buffer.from(JSON.stringify(head));
  const bytes = Buffer.alloc(headLength + text.length);
  bytes.writeUInt32BE(text.length);
  bytes.set(text, headLength);
  return bytes;
}
