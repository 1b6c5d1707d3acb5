const MiB = 1 << 20;
/** Bytes of text that are looked at, and of a picture or PDF, which is read whole or not at all. */
const maximumText = MiB;
const maximumWhole = 64 * MiB;

/** Types in which there is nothing that we can read. */
const opaque =
  /^(audio|video|font|model)\/|^application\/(zip|gzip|zstd|wasm|cbor|epub\+zip|x-7z-compressed|x-bzip2|vnd\.(oasis|openxmlformats|ms-|rar).*|msword)$/;

/** How many bytes of a file are to be read; 0 when there is no use in reading it. What they are is found out from the bytes. */
export function extentOf({ mediaType, size }: { mediaType: string; size: number }): number {
  if (/^image\/(?!svg)/.test(mediaType) || mediaType === 'application/pdf') return size <= maximumWhole ? size : 0;
  return opaque.test(mediaType) ? 0 : Math.min(size, maximumText);
}
