import { inputsCidOf } from '@freehold/protocol';
import { ComputeError } from '../error.ts';
import type { MountChange, WasmMounts } from '../wasm/index.ts';
import type { Mount } from './mount.ts';

export type TakenMounts = {
  /** Identity of all that the program finds: where, whether it may change it, names, times and contents. Null without mounts. */
  inputs: string | null;
  given: WasmMounts | undefined;
  /** Keeps what a program changed that ended with code 0, as it is told for each mount; answers how much that is. */
  commit(changes: readonly MountChange[][]): Promise<number>;
};

export const mostMounts = 8;

/** Looks into the folders that a run is given. Errors: `mounts_invalid`, and those of the drive. */
export async function takeMounts(mounts: readonly Mount[]): Promise<TakenMounts> {
  check(mounts);
  const taken = await Promise.all(mounts.map(async (mount) => ({ ...mount, folder: await mount.take() })));
  const contents = new Map(
    taken.flatMap(({ folder }) => folder.entries.flatMap((entry) => (entry.type === 'file' ? [[entry.content, folder] as const] : []))),
  );
  const folders = taken.map(({ path, mode, folder }) => ({ path, writable: mode === 'write', entries: folder.entries }));
  return {
    inputs: taken.length === 0 ? null : inputsCidOf(folders),
    given:
      taken.length === 0
        ? undefined
        : {
            folders,
            async read(content, offset, length) {
              const folder = contents.get(content);
              if (!folder) throw new Error('It asked for a content that it was not given.');
              return folder.read(content, offset, length);
            },
          },
    async commit(changes) {
      for (const [index, { mode, folder }] of taken.entries()) {
        const made = changes[index] ?? [];
        if (made.length === 0) continue;
        if (mode !== 'write') throw new Error('Changes of a folder that was given to be read');
        await folder.commit(made);
        return made.length;
      }
      return 0;
    },
  };
}

function check(mounts: readonly Mount[]): void {
  const refuse = (message: string) => new ComputeError('mounts_invalid', 400, message);
  if (mounts.length > mostMounts) throw refuse(`A program can be given at most ${mostMounts} folders at once.`);
  for (const { path } of mounts) {
    if (path.length > 255 || !/^(\/[^/\0]+)+$/.test(path) || path.split('/').some((name) => name === '.' || name === '..'))
      throw refuse(`"${path}" is no place for a folder. Name one such as "/data": absolute, with no "." or ".." in it.`);
    if (mounts.some((other) => other.path !== path && `${path}/`.startsWith(`${other.path}/`)))
      throw refuse(`"${path}" lies inside another folder that the program is given. Give them places beside each other.`);
  }
  if (new Set(mounts.map(({ path }) => path)).size < mounts.length) throw refuse('Two folders cannot have the same place. Name another.');
  // What is changed in one drive is changed in one transaction; two folders could not be kept or lost together.
  if (mounts.filter(({ mode }) => mode === 'write').length > 1)
    throw refuse('A program can be given one folder to change, and others to read. Give it the folder that holds both.');
}
