import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { CliError } from '../error.ts';

/**
 * One module without types of a file and all that it imports. What Node itself brings (`node:…`) stays an import. Equal sources
 * give equal bytes, so that an unchanged program keeps its address. Errors: CliError.
 */
export async function bundleModule(file: string): Promise<Uint8Array<ArrayBuffer>> {
  const { rolldown } = await import('rolldown');
  const warnings: string[] = [];
  const bundle = await rolldown({
    input: file,
    platform: 'neutral',
    // No names of folders in what is made.
    experimental: { attachDebugInfo: 'none' },
    external: /^node:/,
    resolve: {
      alias: { '@freehold/sdk': fileURLToPath(import.meta.resolve('@freehold/sdk')) },
      extensions: ['.ts', '.mts', '.js', '.mjs'],
      conditionNames: ['import', 'default'],
      mainFields: ['module', 'main'],
    },
    onLog: (_level, { message }) => void warnings.push(message),
  });
  try {
    const { output } = await bundle.generate({ format: 'esm', codeSplitting: false, comments: false });
    const missing = warnings.find((warning) => warning.includes('Could not resolve'));
    if (missing !== undefined) throw new Error(missing);
    return new TextEncoder().encode(output[0].code);
  } catch (cause) {
    const why = stripVTControlCharacters(cause instanceof Error ? cause.message.trim() : String(cause));
    throw new CliError(`${basename(file)} cannot be made into one module: ${why}`, {
      advice: 'Correct it, and run the command again.',
      cause,
    });
  } finally {
    await bundle.close();
  }
}
