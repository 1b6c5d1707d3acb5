import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';

/** What makes a host process: its first code, for the command line, and its modules, for the channel. */
export type HostCode = { bootstrap: string; modules: Buffer };

let prepared: HostCode | undefined;

/** Reads `host.ts` and what it imports from this folder, and strips the types, once in the life of the server. */
export function hostCode(): HostCode {
  prepared ??= prepare();
  return prepared;
}

function prepare(): HostCode {
  const modules: Record<string, string> = {};
  const add = (path: string) => {
    const url = `freehold:///${path}`;
    if (url in modules) return;
    const source = toJavaScript(path);
    modules[url] = source;
    for (const [, specifier = ''] of source.matchAll(/ from '(\.[^']+)'/g)) add(new URL(specifier, url).pathname.slice(1));
  };
  add('host.ts');
  const json = Buffer.from(JSON.stringify(modules));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  return { bootstrap: toJavaScript('bootstrap.ts'), modules: Buffer.concat([length, json]) };
}

/** With the very function that the server itself runs by, whose warning to be experimental says nothing to the owner. */
function toJavaScript(path: string): string {
  const { emitWarning } = process;
  process.emitWarning = () => undefined;
  try {
    return stripTypeScriptTypes(readFileSync(new URL(path, import.meta.url), 'utf8'));
  } finally {
    process.emitWarning = emitWarning;
  }
}
