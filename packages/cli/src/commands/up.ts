import { resolve } from 'node:path';
import { readConfig, startNode, version } from '@freehold/node';
import { FreeholdError } from '@freehold/protocol';
import type { Context } from '../context.ts';
import { CliError } from '../error.ts';
import { print } from '../output.ts';
import { welcome } from '../welcome.ts';

type UpOptions = { port?: string; host?: string; data?: string; bitswap?: boolean; json?: boolean };

/**
 * Runs the node until it is asked to end (0) or cannot go on (1). The log goes to standard error as JSON lines; a person at a terminal
 * is spared all but warnings, unless FREEHOLD_LOG says otherwise. Errors: CliError.
 */
export async function up({ port, host, data, bitswap, json }: UpOptions, context: Context): Promise<number> {
  const { settings, stderr, signal } = context;
  let isUp = false;
  const node = await start();
  isUp = true;
  const facts = {
    version,
    url: node.url,
    dataDirectory: node.dataDirectory,
    testMoney: node.info.testMoney,
    chainRefusal: node.chainRefusal,
    sandbox: node.sandbox,
    claimCode: node.claimCode(),
  };
  print(context, { json, value: facts, text: welcome(facts) });
  const asked = Promise.withResolvers<undefined>();
  if (signal.aborted) asked.resolve(undefined);
  signal.addEventListener('abort', () => asked.resolve(undefined), { once: true });
  const failure = await Promise.race([asked.promise, node.failed]);
  await node.stop();
  if (failure !== undefined) throw new CliError(`The node stopped: ${failure}`, { advice: 'Start it again: freehold up' });
  return 0;

  async function start() {
    try {
      const log = settings.variable('FREEHOLD_LOG') ?? (stderr.isTTY ? 'warn' : undefined);
      const config = readConfig({
        environment: settings.childEnvironment,
        flags: { port, host, data: data && resolve(context.cwd, data), log, ...(bitswap && { bitswap: 'true' }) },
      });
      return await startNode({
        config,
        now: context.now,
        write: (line) => void stderr.write(line),
        onClaimCode: (code) => {
          // The first is part of the welcome; later ones replace a code that was guessed at or used up.
          if (isUp) stderr.write(`freehold: the new claim code is ${code}\n`);
        },
      });
    } catch (cause) {
      if (!(cause instanceof FreeholdError)) throw cause;
      throw new CliError(cause.message, {
        exitCode: cause.code === 'config_invalid' ? 2 : 1,
        advice: 'See what this machine lacks: freehold doctor',
        cause,
      });
    }
  }
}
