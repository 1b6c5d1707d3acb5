import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ComputeError } from '@freehold/compute';
import type { BuiltInProgram } from '@freehold/protocol';

export type BuiltInPrograms = (name: BuiltInProgram) => Promise<Buffer>;

/** The programs of the desktop's apps, as the build puts them into a directory. Errors: `program_unknown`. */
export const openBuiltInPrograms =
  (directory: string): BuiltInPrograms =>
  (name) =>
    readFile(join(directory, `${name}.wasm`)).catch((cause: unknown) => {
      throw new ComputeError('program_unknown', 503, `The program ${name} was not built. Run npm run build on the machine of this node.`, {
        cause,
      });
    });
