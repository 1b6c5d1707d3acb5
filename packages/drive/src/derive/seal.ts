/**
 * Loaded before everything else in the process that reads strangers' files. `--permission` denies it files, programs and workers; on Node 24
 * it does not deny the network, so no module of it can be loaded, and the globals over them are gone.
 */
import { isBuiltin, registerHooks } from 'node:module';

const allowed = new Set([
  'buffer',
  'child_process',
  'crypto',
  'events',
  'fs',
  'module',
  'os',
  'path',
  'process',
  'stream',
  'timers',
  'url',
  'util',
  'zlib',
]);

registerHooks({
  resolve(specifier, context, nextResolve) {
    if (isBuiltin(specifier) && !allowed.has(specifier.replace(/^node:/, ''))) throw new Error(`This process has no ${specifier}`);
    return nextResolve(specifier, context);
  },
});

for (const name of ['fetch', 'WebSocket', 'EventSource']) Reflect.deleteProperty(globalThis, name);
const { getBuiltinModule } = process;
Object.defineProperty(process, 'getBuiltinModule', {
  value: (id: string) => (allowed.has(id.replace(/^node:/, '')) ? getBuiltinModule(id) : undefined),
});
for (const name of ['binding', '_linkedBinding']) Reflect.deleteProperty(process, name);
