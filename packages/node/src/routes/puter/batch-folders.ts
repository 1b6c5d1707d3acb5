import { PuterError } from './error.ts';
import type { FilePlace, Reach } from './reach.ts';

/** A folder is looked up once for all files that arrive for it within this time, in milliseconds; a right that ends is seen after it. */
const remembered = 1000;

/** The folders that the operations of one batch name, by path or by the name that the batch itself gave them. */
export function openBatchFolders(reach: Reach) {
  const named = new Map<string, string>();
  const found = new Map<string, { place: Promise<FilePlace>; until: number }>();

  const pathOf = (path: string): string => {
    const [, name, rest = ''] = /^\$([^/]+)(\/.*)?$/s.exec(path) ?? [];
    if (name === undefined) return path;
    const folder = named.get(name);
    if (folder === undefined)
      throw new PuterError('bad_request', `No folder of this request is called "$${name}". It may have failed, or come later.`, {
        field: 'path',
      });
    return folder + rest;
  };

  return {
    pathOf,

    /** Remembers what `$name` stands for. */
    name(name: string, path: string): void {
      named.set(name, path);
    },

    /** A folder to write into. Errors: `dest_does_not_exist`, and those of `reach.folder`. */
    find(path: string, { create }: { create: boolean }): Promise<FilePlace> {
      const full = pathOf(path);
      const known = found.get(full);
      if (known && known.until > Date.now()) return known.place;
      const place = reach.ensureFolder(full || '/', { field: 'path', create, missing: destinationMissing });
      found.set(full, { place, until: Date.now() + remembered });
      place.catch(() => found.delete(full));
      return place;
    },

    /** After anything that may have moved a folder. */
    forget: () => found.clear(),
  };
}

export const destinationMissing = () =>
  new PuterError('dest_does_not_exist', 'The folder to write into does not exist. Make it first, or send `create_missing_ancestors`.');
