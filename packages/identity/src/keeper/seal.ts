/**
 * Loaded before the keeper: from here on this process can load the few modules it is made of and nothing else.
 *
 * `--permission` already denies files, processes, workers and the inspector, but on Node 24 not the network (Node 25 and
 * later do). So the ways to a socket are taken away too: no module of them can be loaded and the globals over them are gone.
 */
import { isBuiltin, registerHooks } from 'node:module';

const allowed = new Set(['crypto', 'fs', 'os', 'path']);
/** The keeper that speaks with a key service does so in this file, which knows Unix sockets only. */
const socketFile = new URL('./tee/socket.ts', import.meta.url).href;

registerHooks({
  resolve(specifier, context, nextResolve) {
    const name = specifier.replace(/^node:/, '');
    const isAllowed = allowed.has(name) || (name === 'net' && context.parentURL === socketFile);
    if (isBuiltin(specifier) && !isAllowed) throw new Error(`The keeper has no ${name}`);
    return nextResolve(specifier, context);
  },
});

for (const name of ['fetch', 'WebSocket', 'EventSource']) Reflect.deleteProperty(globalThis, name);
for (const name of ['getBuiltinModule', 'binding', '_linkedBinding']) Reflect.deleteProperty(process, name);
