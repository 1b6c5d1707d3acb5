import { Script, SourceTextModule, type Context } from 'node:vm';
import type { Realm, RealmHost } from './realm/host.ts';
import type { RealmModules } from './realm-modules.ts';

/** The names by which a program imports the SDK. */
const sdkNames = new Set(['@freehold/sdk', 'freehold:sdk']);

/** Said of a program that cannot be linked or compiled. */
export class Unusable extends Error {}

/** Node has it; its types do not yet say so. */
const cacheOf = (module: SourceTextModule & { createCachedData?(): Buffer }): Buffer | undefined => module.createCachedData?.();

/** Makes modules in one realm after another, and keeps what the compiler made of them. */
export function openModules({ script, sdk: { entry: sdk, sources } }: RealmModules) {
  const starter = new Script(script, { filename: 'freehold:realm' });
  /** By source: the process serves one program, and the rest are a few modules of ours. */
  const compiled = new Map<string, Buffer | undefined>();

  function compile(url: string, source: string, context: Context): SourceTextModule {
    const cachedData = compiled.get(source);
    const module = new SourceTextModule(source, {
      context,
      identifier: url,
      ...(cachedData && { cachedData }),
      // Nobody's code gets at a module that is not a part of its program.
      importModuleDynamically: () => {
        // Of a frozen class, since it reaches the guest.
        throw new TypeError('A program cannot import() anything: it is one file, with all it needs in it.');
      },
      initializeImportMeta: (meta) => void Object.assign(meta, { url: 'file:///program.js', main: true }),
    });
    if (cachedData === undefined) compiled.set(source, cacheOf(module));
    return module;
  }

  /** The module with all it imports, ready to be evaluated. */
  function load(url: string, source: string, context: Context, made = new Map<string, SourceTextModule>()): SourceTextModule {
    const module = compile(url, source, context);
    made.set(url, module);
    module.linkRequests(
      module.moduleRequests.map(({ specifier }) => {
        const target = sdkNames.has(specifier) ? sdk : specifier.startsWith('.') ? new URL(specifier, url).href : specifier;
        const known = made.get(target);
        if (known) return known;
        const found = sources[target];
        if (found === undefined || !url.startsWith('freehold:') === !sdkNames.has(specifier))
          throw new Unusable(
            `It imports ${JSON.stringify(specifier)}, which is not there. A program is one file: bundle what it imports into it (freehold does so when it publishes). Only "@freehold/sdk" can be imported.`,
          );
        return load(target, found, context, made);
      }),
    );
    return module;
  }

  return {
    load,
    /** The first code of a realm, which answers `start`. */
    startIn: (context: Context): { start: (host: RealmHost) => Realm } => starter.runInContext(context),
  };
}
