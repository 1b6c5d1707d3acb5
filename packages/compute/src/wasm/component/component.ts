import { registerHooks } from 'node:module';
import { importMemory, memoryImport } from '../limit-memory.ts';
import { parseModule, type Limits } from '../parse.ts';
import { Refusal } from '../program.ts';
import { MalformedWasm } from '../reader.ts';
import { largestTable } from '../inspect.ts';
import { decodeBundle, glueName } from './bundle.ts';
import type { Imports } from './wasi/imports.ts';

const pageBytes = 65_536;
/** Where the JavaScript of the one component of this process is found. */
const glueUrl = 'freehold:///component.js';

type Exports = Record<string, unknown>;
type Instantiate = (
  getCore: (name: string) => WebAssembly.Module,
  imports: Imports,
  instantiateCore: (module: WebAssembly.Module, imports?: WebAssembly.Imports) => WebAssembly.Instance,
) => Exports;
type Core = { module: WebAssembly.Module; memory: Limits | undefined };

/** A component in a host process: its core modules compiled, and what puts them together. */
export type Component = {
  /** Makes a fresh instance whose memories grow to `memoryBytes` together at most. */
  instantiate(imports: Imports, options: { memoryBytes: number }): { exports: Exports; memoryBytes(): number };
};

/** @throws Refusal when a core module of it is not something that this engine runs. */
export async function loadComponent(bytes: Uint8Array): Promise<Component> {
  const files = decodeBundle(bytes);
  const glue = Buffer.from(files.get(glueName) ?? '').toString();
  const cores = new Map([...files].flatMap(([name, file]): [string, Core][] => (name === glueName ? [] : [[name, compile(file)]])));
  const byModule = new Map([...cores.values()].map(({ module, memory }) => [module, memory]));
  registerHooks({
    resolve: (specifier, context, next) => (specifier === glueUrl ? { url: glueUrl, shortCircuit: true } : next(specifier, context)),
    load: (url, context, next) => (url === glueUrl ? { format: 'module', source: glue, shortCircuit: true } : next(url, context)),
  });
  const { instantiate }: { instantiate: Instantiate } = await import(glueUrl).catch((error: unknown) =>
    refuse(`What jco made of it cannot be run: ${error instanceof Error ? error.message : String(error)}.`),
  );

  return {
    instantiate(imports, { memoryBytes }) {
      const memories: WebAssembly.Memory[] = [];
      const used = () => memories.reduce((sum, { buffer }) => sum + buffer.byteLength, 0);
      const exports = instantiate(
        (name) => cores.get(name)?.module ?? refuse('A core module of it is missing.'),
        imports,
        (module, given = {}) => {
          const wanted = byModule.get(module);
          if (wanted === undefined) return new WebAssembly.Instance(module, given);
          const memory = makeMemory(wanted, Math.floor((memoryBytes - used()) / pageBytes));
          memories.push(memory);
          return new WebAssembly.Instance(module, { ...given, [memoryImport.module]: { [memoryImport.name]: memory } });
        },
      );
      return { exports, memoryBytes: used };
    },
  };
}

function compile(bytes: Uint8Array): Core {
  try {
    const parsed = parseModule(bytes);
    const elements = parsed.tables.reduce((sum, { minimum }) => sum + minimum, 0);
    if (elements > largestTable) refuse(`Its tables ask for ${elements} elements; at most ${largestTable} are allowed.`);
    return { module: new WebAssembly.Module(importMemory(parsed)), memory: parsed.memory };
  } catch (error) {
    if (error instanceof MalformedWasm || error instanceof WebAssembly.CompileError)
      return refuse(`A core module of it cannot be run: ${error.message}.`);
    throw error;
  }
}

function makeMemory({ minimum, maximum = Infinity }: Limits, allowed: number): WebAssembly.Memory {
  if (minimum > allowed)
    throw new Refusal('memory', `It needs ${minimum * pageBytes} bytes of memory to start, which is more than are left of what it may.`);
  return new WebAssembly.Memory({ initial: minimum, maximum: Math.min(maximum, allowed) });
}

function refuse(message: string): never {
  throw new Refusal('invalid', message);
}
