/**
 * What runs inside the sandbox to transpile one component with jco, and then ends. What it makes is never run here: the
 * process that does has seen no other component, and neither has this one.
 */
import { registerHooks } from 'node:module';
import { attempt } from '../../host/attempt.ts';
import { openChannel } from '../channel.ts';
import { openContext } from '../wasi/context.ts';
import { fail } from '../wasi/errno.ts';
import { MalformedWasm } from '../reader.ts';
import { decodeBundle, encodeBundle } from './bundle.ts';
import { inspectComponent } from './inspect.ts';
import { openImports } from './wasi/imports.ts';

const [mode = '', parameter = ''] = process.argv.slice(1);
const channel = openChannel({ fd: 3, limit: Number(parameter) });
/** Where jco looks for its own files. */
const home = 'freehold:///jco/';

/** The part of jco that is used: `@bytecodealliance/jco-transpile/component`. */
type Jco = {
  $init: Promise<void>;
  generate(component: Uint8Array, options: object): { files: [name: string, bytes: Uint8Array][] };
};

if (mode === 'prove') channel.send('proof', await attempt(JSON.parse(parameter)));
else await serve();

async function serve(): Promise<void> {
  const jco = await loadJco(channel.answer('modules').body);
  channel.send('ready', null);
  const component = channel.answer('program').body;
  try {
    const inspection = inspectComponent(component);
    if ('refusal' in inspection) return channel.send('result', { refusal: inspection.refusal });
    const { files } = jco.generate(component, {
      name: 'component',
      noTypescript: true,
      noNodejsCompat: true,
      instantiation: { tag: 'sync' },
      map: [],
      base64Cutoff: 0,
    });
    channel.send('result', null, [encodeBundle(files)]);
  } catch (error) {
    const refusal =
      error instanceof MalformedWasm
        ? `It is malformed: ${error.message}.`
        : `jco, which prepares components, does not take it: ${reasonOf(error)}.`;
    channel.send('result', { refusal });
  }
}

/** jco is itself a component, made for Node: it gets a WASI of our own with nothing in it, and its own two files. */
async function loadJco(body: Uint8Array): Promise<Jco> {
  const files = decodeBundle(body);
  const { imports } = openImports(emptyJob(), { args: [], env: [] });
  Reflect.set(globalThis, 'freeholdJco', {
    ...imports,
    readFile: (url: URL) => files.get(url.href.slice(home.length)) ?? fail('noent'),
  });
  const take = (names: Record<string, string>) =>
    Object.entries(names)
      .map(([name, from]) => `export const ${name} = freeholdJco['${from}'];`)
      .join('\n');
  const cli = ['environment', 'exit', 'stderr', 'stdin', 'stdout', 'terminal-input', 'terminal-output'];
  const terminals = ['terminal-stderr', 'terminal-stdin', 'terminal-stdout'];
  const shims: Record<string, string> = {
    '@bytecodealliance/preview2-shim/cli': take(
      Object.fromEntries(
        [...cli, ...terminals].map((name) => [name.replace(/-(.)/, (_, letter: string) => letter.toUpperCase()), `wasi:cli/${name}`]),
      ),
    ),
    '@bytecodealliance/preview2-shim/filesystem': take({ preopens: 'wasi:filesystem/preopens', types: 'wasi:filesystem/types' }),
    '@bytecodealliance/preview2-shim/io': take({ error: 'wasi:io/error', streams: 'wasi:io/streams', poll: 'wasi:io/poll' }),
    '@bytecodealliance/preview2-shim/random': take({ random: 'wasi:random/random' }),
    'node:fs/promises': take({ readFile: 'readFile' }),
  };
  const entry = `${home}jco.js`;
  registerHooks({
    resolve(specifier, context, next) {
      if (specifier === entry) return { url: entry, shortCircuit: true };
      if (context.parentURL === entry && specifier in shims) return { url: `${home}shim/${specifier}`, shortCircuit: true };
      return next(specifier, context);
    },
    load(url, context, next) {
      const source = url === entry ? Buffer.from(files.get('jco.js') ?? '').toString() : shims[url.slice(`${home}shim/`.length)];
      if (!url.startsWith(home) || source === undefined) return next(url, context);
      return { format: 'module', source, shortCircuit: true };
    },
  });
  const jco: Jco = await import(entry);
  await jco.$init;
  return jco;
}

function emptyJob() {
  const nothing = new Uint8Array(0);
  const limits = { stdout: 0, stderr: 0, scratch: 0 };
  return openContext({ memory: undefined, args: [], env: [], stdin: nothing, limits, mounts: [], readContent: () => fail('io') });
}

/** The first line of what jco says; the rest is where in its own code it was found. */
function reasonOf(error: unknown): string {
  const payload = typeof error === 'object' && error !== null && 'payload' in error ? String(error.payload) : undefined;
  const text = payload ?? (error instanceof Error ? error.message : String(error));
  return (text.split('\n')[0] ?? '').slice(0, 300);
}
