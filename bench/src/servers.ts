import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { startChild, type Child } from './child.ts';

const yardstickReady = z.object({ hello: z.string(), plain: z.string(), file: z.string() });
const nodeReady = z.object({
  url: z.string(),
  sandbox: z.object({ native: z.string().optional(), wasm: z.string().optional(), javascript: z.string().optional() }),
});
const command = fileURLToPath(new URL('./main.ts', import.meta.resolve('@freehold/cli')));

export type Freehold = Child & {
  url: string;
  refusals: z.output<typeof nodeReady>['sandbox'];
};
export type Yardstick = Child & z.output<typeof yardstickReady>;

/** `freehold up`, with the settings that a service has. */
export async function startFreehold({
  directory,
  data = join(directory, 'data'),
  environment = {},
  signal,
}: {
  directory: string;
  data?: string;
  environment?: Readonly<Record<string, string>>;
  signal: AbortSignal;
}): Promise<Freehold> {
  const child = await startChild({
    script: command,
    args: ['up', '--port', '0', '--data', data, '--json'],
    errors: join(directory, 'freehold.log'),
    environment,
    signal,
  });
  const { url, sandbox } = nodeReady.parse(child.ready);
  // Not "localhost", which resolves anew for each connection.
  return { ...child, url: url.replace('//localhost:', '//127.0.0.1:'), refusals: sandbox };
}

export async function startYardstick({
  directory,
  file,
  environment = {},
  signal,
}: {
  directory: string;
  file?: string;
  environment?: Readonly<Record<string, string>>;
  signal: AbortSignal;
}): Promise<Yardstick> {
  const child = await startChild({
    script: join(import.meta.dirname, 'yardstick.ts'),
    args: file === undefined ? [] : [file],
    errors: join(directory, 'yardstick.log'),
    environment,
    signal,
  });
  return { ...child, ...yardstickReady.parse(child.ready) };
}
