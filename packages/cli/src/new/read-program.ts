import { readFile } from 'node:fs/promises';
import { CliError } from '../error.ts';
import { bundleModule } from './bundle.ts';

/** The bytes of a program: of TypeScript or JavaScript one module with all that it imports, of anything else the file. Errors: CliError. */
export async function readProgram(file: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const bytes = new Uint8Array(await readFile(file));
    return /\.[cm]?[jt]s$/.test(file) ? await bundleModule(file) : bytes;
  } catch (cause) {
    if (cause instanceof CliError) throw cause;
    throw new CliError(`The program ${file} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, {
      advice: 'Check the name.',
      cause,
    });
  }
}
