import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';

/** What makes a host process: its first code, for the command line, and its modules, for the channel. */
export type HostCode = { bootstrap: string; modules: Buffer };

/** Sources without types, by address. */
export type Modules = Record<string, string>;

const packages = new URL('../../../', import.meta.url);
const prepared = new Map<string, HostCode>();

/** Reads a host's first module and what it imports, and strips the types, once in the life of the server. */
export function hostCode(entry: string): HostCode {
  const known = prepared.get(entry);
  if (known) return known;
  const json = Buffer.from(JSON.stringify(readModules(entry)));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  const code = { bootstrap: toJavaScript('compute/src/host/bootstrap.ts'), modules: Buffer.concat([length, json]) };
  prepared.set(entry, code);
  return code;
}

/** A module of ours and all that it imports, by paths within the folder of packages; the first is the one that was asked for. */
export function readModules(entry: string): Modules {
  const modules: Modules = {};
  const add = (path: string) => {
    const url = `freehold:///${path}`;
    if (url in modules) return;
    const source = toJavaScript(path);
    modules[url] = source;
    for (const [, specifier = ''] of source.matchAll(/ from '(\.[^']+)'/g)) add(new URL(specifier, url).pathname.slice(1));
  };
  add(entry);
  return modules;
}

/** With the very function that the server itself runs by, whose warning to be experimental says nothing to the owner. */
function toJavaScript(path: string): string {
  const { emitWarning } = process;
  process.emitWarning = () => undefined;
  try {
    return stripTypeScriptTypes(readFileSync(new URL(path, packages), 'utf8'));
  } finally {
    process.emitWarning = emitWarning;
  }
}
