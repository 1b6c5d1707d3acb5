/** A program's surroundings: its arguments, variables and streams. */
export type Host = {
  args: readonly string[];
  env: Readonly<Record<string, string | undefined>>;
  stdin: AsyncIterable<Uint8Array>;
  /** Settles when the text is handed on. */
  write(chunk: string | Uint8Array): Promise<void>;
  writeError(text: string): void;
  /** Hears that the program shall end. */
  onEnd(listener: () => void): void;
  exitCode(code: number): void;
};

/** The parts of Node's `process` that are used: named here, so that a tool needs no types of Node. */
type NodeProcess = {
  argv: string[];
  env: Record<string, string | undefined>;
  stdin: AsyncIterable<Uint8Array>;
  stdout: { write(chunk: string | Uint8Array, done: () => void): boolean };
  stderr: { write(text: string): boolean };
  exitCode?: number | string | null | undefined;
  once(signal: 'SIGTERM', listener: () => void): unknown;
  getBuiltinModule?(name: string): Record<string, (...args: unknown[]) => unknown> | undefined;
};

/**
 * Serves when the module that is being evaluated is the program that Node was started with. Imported by a test, or by a host
 * that calls the default export, it does nothing. Call it while the module is evaluated.
 */
export function startIfMain(serve: (host: Host) => Promise<void>): void {
  const node: NodeProcess | undefined = Reflect.get(globalThis, 'process');
  if (!node?.getBuiltinModule || !isMain(node.getBuiltinModule, node)) return;
  // What is logged must not stand between the values on standard output.
  const { error } = console;
  Object.assign(console, { log: error, info: error, debug: error });
  // After the module has been evaluated to its end.
  setTimeout(() => void serve(hostOf(node)), 0);
}

function isMain(builtin: NonNullable<NodeProcess['getBuiltinModule']>, { argv: [, program], env }: NodeProcess): boolean {
  const sites = builtin('node:util')?.['getCallSites']?.(200);
  if (program === undefined || !Array.isArray(sites)) return false;
  const frames = sites.map(({ scriptName }: { scriptName: string }) => scriptName);
  const module = frames.findLast((name) => !name.startsWith('node:'));
  const outermost = frames.at(-1) ?? '';
  // A module is evaluated by Node's loader, or, after an `await` of its own, by nobody. So is what a test does after one.
  const isEvaluated = outermost.startsWith('node:internal/modules/') || (outermost === module && env['NODE_TEST_CONTEXT'] === undefined);
  const real = String(builtin('node:fs')?.['realpathSync']?.(program));
  return isEvaluated && (module === real || module === String(builtin('node:url')?.['pathToFileURL']?.(real)));
}

function hostOf(node: NodeProcess): Host {
  return {
    args: node.argv.slice(2),
    env: node.env,
    stdin: node.stdin,
    write: (chunk) => new Promise((resolve) => node.stdout.write(chunk, resolve)),
    writeError: (text) => void node.stderr.write(text),
    onEnd: (listener) => void node.once('SIGTERM', listener),
    exitCode: (code) => void (node.exitCode = code),
  };
}
