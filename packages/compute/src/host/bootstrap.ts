/**
 * The first code of a host process, given on its command line: takes the modules of the host from the channel and starts
 * the first. So the process needs no file of the node at all, and does not load the compiler that strips TypeScript's types.
 */
import { readSync } from 'node:fs';
import { registerHooks } from 'node:module';

const length = receive(4).readUInt32LE();
const modules: Record<string, string> = JSON.parse(receive(length).toString());

registerHooks({
  resolve(specifier, { parentURL }, next) {
    if (specifier in modules) return { url: specifier, shortCircuit: true };
    const url = specifier.startsWith('.') && parentURL !== undefined ? new URL(specifier, parentURL).href : specifier;
    return url in modules ? { url, shortCircuit: true } : next(specifier);
  },
  load(url, context, next) {
    const source = modules[url];
    return source === undefined ? next(url, context) : { format: 'module', source, shortCircuit: true };
  },
});
const [entry = ''] = Object.keys(modules);
await import(entry);

function receive(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let have = 0; have < length;) {
    const more = readSync(3, bytes, have, length - have, null);
    if (more === 0) process.exit(0);
    have += more;
  }
  return bytes;
}
