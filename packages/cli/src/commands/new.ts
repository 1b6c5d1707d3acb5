import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { offerName } from '@freehold/protocol';
import type { Context } from '../context.ts';
import { CliError, usageError } from '../error.ts';
import { placeSdk } from '../new/place-sdk.ts';
import { print } from '../output.ts';

const languages = ['ts', 'assemblyscript', 'c', 'rust', 'python', 'sh'];
export type NewOptions = { lang?: string; json?: boolean };

const templates = fileURLToPath(new URL('../../templates/', import.meta.url));
const kinds = ['tool', 'handler'];

/** `new tool|handler [DIR] --lang L`: a small project that can be tested, built and sold as it stands. `new sdk [DIR]`: brings the SDK of a project up to date. Errors: CliError. */
export async function newProject(
  kind: string,
  directory: string | undefined,
  { lang = 'ts', json }: NewOptions,
  context: Context,
): Promise<void> {
  if (kind === 'sdk') {
    const place = resolve(context.cwd, directory ?? '.');
    await placeSdk(place);
    return print(context, { json, value: { directory: place }, text: `${join(place, 'sdk')} is the SDK of this Freehold` });
  }
  if (!kinds.includes(kind))
    throw usageError(`There is no "${kind}" to make: choose tool or handler.`, 'Example: freehold new tool hello --lang python');
  if (!languages.includes(lang))
    throw usageError(`--lang ${lang} is not known: choose ${languages.join(', ')}.`, 'Example: freehold new tool hello --lang python');
  const place = resolve(context.cwd, directory ?? `my-${kind}`);
  const name = basename(place);
  if (!offerName.safeParse(name).success)
    throw usageError(
      `The folder "${name}" gives the ${kind} its name, which must be of a to z, 0 to 9 and -.`,
      `Example: freehold new ${kind} hello`,
    );
  await refuseFull(place);
  const files = await writeTemplate(join(templates, `${lang}-${kind}`), place, name);
  if (lang === 'ts') await placeSdk(place);
  const shown = relative(context.cwd, place) || '.';
  print(context, {
    json,
    value: { directory: place, name, kind, lang, files },
    text: [
      `${shown} holds a ${kind} in ${titles[lang]}: ${files.join(', ')}`,
      '',
      `How it is tested, built and sold is in ${join(shown, 'README.md')}`,
    ].join('\n'),
  });
}

const titles: Record<string, string> = {
  ts: 'TypeScript',
  assemblyscript: 'AssemblyScript',
  c: 'C',
  rust: 'Rust',
  python: 'Python',
  sh: 'shell',
};

async function refuseFull(place: string): Promise<void> {
  const there = await readdir(place).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw new CliError(`${place} cannot be used: ${error.message}`, { advice: 'Name a new folder.', cause: error });
  });
  if (there.length > 0) throw new CliError(`${place} is not empty, and nothing in it is overwritten.`, { advice: 'Name a new folder.' });
}

/** Copies a template, its placeholders filled in. Answers the files by their relative names. */
async function writeTemplate(template: string, place: string, name: string): Promise<string[]> {
  const entries = await readdir(template, { recursive: true, withFileTypes: true });
  const files: string[] = [];
  for (const entry of entries.filter((entry) => entry.isFile())) {
    const from = join(entry.parentPath, entry.name);
    // npm keeps no `.gitignore` of a package.
    const to = relative(template, from).replace(/(^|\/)gitignore$/, '$1.gitignore');
    await mkdir(dirname(join(place, to)), { recursive: true });
    await writeFile(join(place, to), (await readFile(from, 'utf8')).replaceAll('{{name}}', name));
    files.push(to);
  }
  return files.sort();
}
