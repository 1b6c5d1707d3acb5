import { parseModule } from '../parse.ts';
import { MalformedWasm, Reader } from '../reader.ts';
import { isOffered, versionOf } from './interfaces.ts';

/** What a component can be started by: as a command, or once for each HTTP request. */
export type ComponentEntry = 'command' | 'http';
export type ComponentInspection = { entry: ComponentEntry; imports: string[]; exports: string[] } | { refusal: string };

const magic = Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0);
export const isComponent = (bytes: Uint8Array): boolean => magic.every((byte, index) => bytes[index] === byte);

const moduleSection = 1;
const componentSection = 4;
const importSection = 10;
const exportSection = 11;
const deepest = 50;
// oxlint-disable-next-line no-control-regex -- that is what it looks for
const endsString = /[\u0000-\u001f'"`\\\u007f\u2028\u2029]/;
const most = { imports: 1000, exports: 1000 };
/** In the order of their numbers: what an import or export can be. */
const sorts = ['core', 'function', 'value', 'type', 'component', 'instance'] as const;

/**
 * Reads which interfaces a component wants and offers, and what its modules import and export, without compiling any of it, so that
 * the server process may ask it of untrusted bytes. What it lets through still has to pass the transpiler and the engine, inside the sandbox.
 * @throws MalformedWasm
 */
export function inspectComponent(bytes: Uint8Array): ComponentInspection {
  checkModules(bytes);
  const imports: string[] = [];
  const exports: string[] = [];
  const file = new Reader(bytes, magic.length);
  while (!file.done) {
    const id = file.byte();
    const section = new Reader(file.take(file.u32()));
    if (id === importSection) readNames(section, most.imports, imports, readImported);
    else if (id === exportSection) readNames(section, most.exports, exports, readExported);
  }
  const refusal = refusalOf(imports);
  if (refusal !== undefined) return { refusal };
  const offers = (name: string) => exports.some((found) => found.startsWith(`${name}@0.2.`));
  if (offers('wasi:cli/run')) return { entry: 'command', imports, exports };
  if (offers('wasi:http/incoming-handler')) return { entry: 'http', imports, exports };
  return {
    refusal:
      'It exports neither wasi:cli/run nor wasi:http/incoming-handler of WASI 0.2, so there is nothing to start. Build a command, or a handler of HTTP requests.',
  };
}

/**
 * Of all modules in it, also those of components in it. jco writes the names of their imports and exports into its JavaScript as
 * they are, between quotes; so no name may hold what ends a string.
 */
function checkModules(bytes: Uint8Array, depth = 0): void {
  if (depth > deepest) throw new MalformedWasm(`it has components within components more than ${deepest} deep`);
  const file = new Reader(bytes, magic.length);
  while (!file.done) {
    const id = file.byte();
    const section = file.take(file.u32());
    if (id === componentSection && isComponent(section)) checkModules(section, depth + 1);
    if (id !== moduleSection) continue;
    const { imports, exports, otherExports } = parseModule(section);
    const names = [...imports.flatMap(({ module, name }) => [module, name]), ...exports.map(({ name }) => name), ...otherExports];
    const unsafe = names.find((name) => endsString.test(name));
    if (unsafe !== undefined)
      throw new MalformedWasm(`a module in it has the name ${JSON.stringify(unsafe.slice(0, 80))}, which is not accepted`);
  }
}

/** The names of one section. What else its entries say is walked over. */
function readNames(section: Reader, limit: number, names: string[], walk: (section: Reader) => void): void {
  for (let left = section.count(limit, 'imports or exports'); left > 0; left--) {
    const form = section.byte();
    if (form > 1) throw new MalformedWasm('a name has a form that is not known');
    names.push(section.name());
    walk(section);
  }
}

/** `externdesc` of the component model's binary format. */
function readImported(section: Reader): void {
  const sort = sorts[section.byte()];
  if (sort === 'core') section.byte();
  if (sort === 'value' || sort === 'type') {
    // A bound: equal to another type, or a resource, which has no number.
    if (section.byte() === 1 && sort === 'type') return;
  }
  if (sort === undefined) throw new MalformedWasm('an import is of a kind that is not known');
  section.skipLeb();
}

/** What is exported, and perhaps as what. */
function readExported(section: Reader): void {
  const sort = sorts[section.byte()];
  if (sort === undefined) throw new MalformedWasm('an export is of a kind that is not known');
  if (sort === 'core') section.byte();
  section.u32();
  if (section.byte() === 1) readImported(section);
}

function refusalOf(imports: readonly string[]): string | undefined {
  for (const name of imports) {
    if (isOffered(name)) continue;
    const version = versionOf(name);
    if (name.startsWith('wasi:') && version !== undefined && !version.startsWith('0.2.'))
      return `It imports "${name}". Only WASI 0.2 is known here: build it for wasm32-wasip2.`;
    return `It imports "${name}", which does not exist here. Only the interfaces of WASI 0.2 can be imported.`;
  }
  return undefined;
}
