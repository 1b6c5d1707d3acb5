import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { answering, freePort, startProgram, type Peer } from './process.ts';

const binary = join(
  import.meta.dirname,
  `../../../extras/workerd/node_modules/@cloudflare/workerd-linux-${process.arch === 'arm64' ? 'arm64' : '64'}/bin/workerd`,
);
export const installWorkerd = 'npm ci --prefix extras/workerd --ignore-scripts';

/** workerd, with a worker that instantiates the module for each request, as we do; undefined where it is not installed. */
export async function startWorkerd({ directory, module }: { directory: string; module: Uint8Array }): Promise<Peer | undefined> {
  if (!existsSync(binary)) return undefined;
  const home = join(directory, 'workerd');
  await mkdir(home);
  const port = await freePort();
  await Promise.all([
    writeFile(join(home, 'module.wasm'), module),
    writeFile(
      join(home, 'worker.mjs'),
      `import module from './module.wasm';
export default { fetch(request) {
  const query = new URL(request.url).searchParams;
  const { exports } = new WebAssembly.Instance(module, {});
  return new Response(String(exports.add(Number(query.get('a')), Number(query.get('b')))) + '\\n');
} };
`,
    ),
    writeFile(
      join(home, 'config.capnp'),
      `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = (
    modules = [(name = "worker.mjs", esModule = embed "worker.mjs"), (name = "module.wasm", wasm = embed "module.wasm")],
    compatibilityDate = "2026-11-01"))],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")]);
`,
    ),
  ]);
  const server = startProgram(binary, ['serve', join(home, 'config.capnp')], join(home, 'log'));
  const url = `http://127.0.0.1:${port}/add?a=6&b=7`;
  try {
    await answering(url);
  } catch (error) {
    await server.stop();
    throw error;
  }
  return { name: 'workerd', url, pid: server.child.pid ?? 0, [Symbol.asyncDispose]: server.stop };
}
