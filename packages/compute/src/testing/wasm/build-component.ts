import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { componentEmbed, componentNew } from '@bytecodealliance/jco-transpile/wasm-tools';
import { buildAdaptable, buildGuest } from './build-guest.ts';
import { renameExport } from './rename-export.ts';

/** A command of WASI 0.2, made of one of preview 1 with the adapter that toolchains use. */
export async function toComponent(module: Uint8Array): Promise<Uint8Array> {
  const adapter = fileURLToPath(
    import.meta.resolve('@bytecodealliance/jco').replace(/dist\/.*$/, 'lib/wasi_snapshot_preview1.command.wasm'),
  );
  return componentNew(module, [['wasi_snapshot_preview1', await readFile(adapter)]]);
}

export const buildComponent = async (name: string): Promise<Uint8Array> => toComponent(await buildAdaptable(name));

const packages = ['io', 'clocks', 'random', 'cli', 'filesystem', 'sockets', 'http'];

/** A handler of HTTP requests of WASI 0.2 that was written on the canonical ABI. */
export async function buildHandler(name: string): Promise<Uint8Array> {
  const folder = import.meta.resolve('@bytecodealliance/jco').replace(/dist\/.*$/, 'lib/wit/builtin/0.2.12/');
  const texts = await Promise.all(packages.map((name) => readFile(new URL(`wasi-${name}/package.wit`, folder), 'utf8')));
  const witSource = `package test:guest;
    world handler {
      include wasi:http/proxy@0.2.12;
      include wasi:sockets/imports@0.2.12;
    }
    ${texts.map((text) => text.replace(/^(package [^;]+);/m, '$1 {') + '}').join('\n')}`;
  const module = renameExport(await buildGuest(name), 'handle', 'wasi:http/incoming-handler@0.2.12#handle');
  return componentNew(await componentEmbed({ binary: module, witSource, world: 'handler' }), []);
}
