/** Tells the sockets of an account of something that is no change of its drive; apps hear it when they see the entry it is about. */
export type Publish = (told: { account: string; name: string; payload: Record<string, unknown>; about: string }) => Promise<void>;

export type UploadOrigin = {
  account: string;
  /** Folder that the file goes into. */
  about: string;
  /** What the client calls the request and the file in it, and announced of the file. */
  payload: Record<string, unknown>;
  /** Bytes. */
  total: number | undefined;
};

/** Told at most once for so many bytes. */
const step = 512 * 1024;

/** The same bytes, told of as they pass: Puter's event `upload.progress`. */
export async function* reporting(
  content: AsyncIterable<Uint8Array>,
  { account, about, payload, total }: UploadOrigin,
  publish: Publish,
): AsyncGenerator<Uint8Array> {
  let loaded = 0;
  let told = 0;
  const report = () => {
    const progress = { ...payload, loaded, loaded_diff: loaded - told, total: total ?? loaded };
    told = loaded;
    // Whoever does not hear of it sees the file when it is there.
    publish({ account, about, name: 'upload.progress', payload: progress }).catch(() => {});
  };
  for await (const piece of content) {
    loaded += piece.length;
    if (loaded - told >= step) report();
    yield piece;
  }
  if (loaded > told) report();
}
