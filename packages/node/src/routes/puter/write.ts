import type { OnConflict } from '@freehold/drive';
import type { Shown } from './entry.ts';
import { PuterError, renaming } from './error.ts';
import type { FilePlace, Reach } from './reach.ts';

export type Wanted = { overwrite: boolean; dedupe_name: boolean };

/** To overwrite keeps the old content as a version. Puter numbers from 1: "a (1).txt". */
export const conflictOf = ({ overwrite, dedupe_name: dedupe }: Wanted): { onConflict: OnConflict; firstNumber: number } => ({
  onConflict: overwrite ? 'replace' : dedupe ? 'rename' : 'fail',
  firstNumber: 1,
});

/** A media type that says something; what a client only guesses is guessed better from the name. */
export function mediaTypeOf(given: string | null | undefined): string | undefined {
  const base = given?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  return /^[\w.+-]+\/[\w.+-]+$/.test(base) && base !== 'application/octet-stream' ? base : undefined;
}

/** Writes a file into a folder that was found for writing. */
export async function writeInto(
  reach: Reach,
  parent: FilePlace,
  {
    name,
    content,
    size,
    mediaType,
    signal,
    ...wanted
  }: Wanted & {
    name: string;
    content: AsyncIterable<Uint8Array>;
    size?: number | undefined;
    mediaType?: string | null | undefined;
    signal: AbortSignal;
  },
): Promise<Shown> {
  const { drive, entry } = parent;
  const written = drive.writeFile({
    parent: entry.id,
    name,
    content,
    size,
    mediaType: mediaTypeOf(mediaType),
    signal,
    ...conflictOf(wanted),
  });
  return reach.showIn(parent, await overwriting(written));
}

/** A file cannot take the place of a folder. */
export const overwriting = <Result>(work: Promise<Result>): Promise<Result> =>
  renaming({ not_a_file: ({ message }) => new PuterError('cannot_overwrite_a_directory', message) }, work);
