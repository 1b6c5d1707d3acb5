import { inspectComponent, isComponent } from './component/inspect.ts';
import { callableExports, type CallSignature } from './abi.ts';
import { parseModule, type Import, type ParsedModule } from './parse.ts';
import { MalformedWasm } from './reader.ts';
import { wasiFunctionNames, wasiModule } from './wasi/names.ts';

/** The largest program accepted, in bytes. */
export const largestProgram = 32 * 1024 * 1024;

export type WasmInspection = {
  kind: 'core' | 'wasi-command' | 'wasi-reactor' | 'component' | 'invalid';
  imports: { module: string; name: string; kind: Import['kind'] }[];
  /** The functions that can be called by name. */
  exports: ({ name: string } & CallSignature)[];
  /** Present for `invalid`, which the engine will not run: why, and what to do. */
  reason?: string;
};

/**
 * Says what a WebAssembly file is without compiling any of it, so that the server process may ask it of untrusted bytes.
 * It never throws. What it lets through still has to pass the engine's own validation inside the sandbox.
 */
export function inspectWasm(bytes: Uint8Array): WasmInspection {
  if (bytes.length > largestProgram) return refused(`The program has ${bytes.length} bytes; at most ${largestProgram} are accepted.`);
  try {
    if (isComponent(bytes)) return describeComponent(bytes);
    return describe(parseModule(bytes));
  } catch (error) {
    if (error instanceof MalformedWasm) return refused(`This is not a WebAssembly module that can be run: ${error.message}.`);
    throw error;
  }
}

function describe(module: ParsedModule): WasmInspection {
  const { imports, exports, tables } = module;
  const elements = tables.reduce((sum, { minimum }) => sum + minimum, 0);
  const reason =
    elements > largestTable ? `Its tables ask for ${elements} elements; at most ${largestTable} are allowed.` : refusalOf(imports);
  const usesWasi = imports.some(({ module }) => module === wasiModule);
  const offers = (name: string) => exports.some((found) => found.name === name);
  const kind = offers('_start') ? 'wasi-command' : usesWasi || offers('_initialize') ? 'wasi-reactor' : 'core';
  return {
    kind: reason === undefined ? kind : 'invalid',
    imports: imports.map(({ module, name, kind }) => ({ module, name, kind })),
    exports: callableExports(module),
    ...(reason === undefined ? {} : { reason }),
  };
}

/** The most elements the tables of one module may hold together at the start, and each of them later. */
export const largestTable = 65_536;

function refusalOf(imports: Import[]): string | undefined {
  for (const { module, name, kind } of imports) {
    if (module === wasiModule && kind === 'function' && wasiFunctionNames.has(name)) continue;
    if (module === 'wasi_unstable')
      return `It imports "${name}" from wasi_unstable, the version before WASI preview 1. Build it again with a current toolchain.`;
    return `It imports the ${kind} "${name}" from "${module}", which does not exist here. Only the functions of ${wasiModule} can be imported.`;
  }
  return undefined;
}

function describeComponent(bytes: Uint8Array): WasmInspection {
  const inspection = inspectComponent(bytes);
  if ('refusal' in inspection) return refused(`This component cannot be run. ${inspection.refusal}`);
  return { kind: 'component', imports: [], exports: [] };
}

function refused(reason: string): WasmInspection {
  return { kind: 'invalid', imports: [], exports: [], reason };
}
