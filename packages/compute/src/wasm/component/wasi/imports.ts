import { WasiEnd, type WasiContext } from '../../wasi/context.ts';
import { openFiles } from './files.ts';
import { openHttp } from './http.ts';
import { noSockets, openProcess } from './process.ts';
import { openStreams } from './streams.ts';

type Callable = (...values: unknown[]) => unknown;
export type Imports = Record<string, Record<string, unknown>>;

/**
 * All of WASI 0.2 for one job, made anew for it: nothing of one job can be seen by the next. After the end of the program,
 * whichever way it came, no call does anything any more.
 */
export function openImports(job: WasiContext, { args, env }: { args: readonly string[]; env: readonly string[] }) {
  const streams = openStreams(job);
  const variables = new Map(env.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
  const http = openHttp(job, variables, streams);
  const imports: Imports = {
    ...streams.imports,
    ...openFiles(job, streams).imports,
    ...openProcess(job, { args, env }, streams).imports,
    ...noSockets().imports,
    ...http.imports,
  };

  function guarded(call: Callable): Callable {
    return function (this: unknown, ...values) {
      if (job.ended !== undefined) throw job.ended;
      try {
        return call.apply(this, values);
      } catch (error) {
        if (error instanceof WasiEnd) job.ended = error;
        throw error;
      }
    };
  }

  for (const functions of Object.values(imports))
    for (const [name, value] of Object.entries(functions)) {
      if (typeof value !== 'function') continue;
      // A class is guarded where it is used: at its methods.
      if (/^[A-Z]/.test(name)) guardMethods(value.prototype, guarded);
      else functions[name] = guarded((...values) => Reflect.apply(value, undefined, values));
    }

  return { imports, begin: http.begin };
}

function guardMethods(prototype: object, guarded: (call: Callable) => Callable): void {
  for (const [name, { value, writable }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
    if (name === 'constructor' || typeof value !== 'function' || writable !== true) continue;
    Object.defineProperty(prototype, name, {
      value: guarded(function (this: unknown, ...values) {
        return Reflect.apply(value, this, values);
      }),
    });
  }
}
