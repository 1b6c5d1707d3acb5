import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

/** What a server did under a number of connections, each with one request at a time. Latency in µs. */
export type Load = { rate: number; p50: number; p99: number; errors: number };

const answer = z.object({ rate: z.number(), p50: z.number(), p99: z.number(), errors: z.number() });

/** True where `wrk` (a Debian package) is: it takes less of the two processors than a client in JavaScript. */
export const hasWrk = spawnSync('wrk', ['--version'], { stdio: 'ignore' }).error === undefined;

/** Asks for one URL over and over, from another process. */
export async function load({ url, connections, seconds }: { url: string; connections: number; seconds: number }): Promise<Load> {
  return hasWrk
    ? readWrk(await outputOf('wrk', ['-t1', `-c${connections}`, `-d${seconds}s`, '--latency', url]))
    : ownLoad(url, connections, seconds);
}

async function ownLoad(url: string, connections: number, seconds: number): Promise<Load> {
  const client = fileURLToPath(new URL('./load-client.ts', import.meta.url));
  return answer.parse(
    JSON.parse(await outputOf(process.execPath, [...process.execArgv, client, url, String(connections), String(seconds)])),
  );
}

async function outputOf(command: string, args: readonly string[]): Promise<string> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (piece: string) => void (text += piece));
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${command} ended with ${String(code)}`);
  return text;
}

const unitUs: Readonly<Record<string, number>> = { us: 1, ms: 1000, s: 1_000_000 };

function readWrk(text: string): Load {
  const time = (share: string) => {
    const [, value = '', unit = ''] = new RegExp(`${share}%\\s+([\\d.]+)(us|ms|s)`).exec(text) ?? [];
    return Number(value) * (unitUs[unit] ?? Number.NaN);
  };
  const refused = Number(/Non-2xx or 3xx responses: (\d+)/.exec(text)?.[1] ?? 0);
  const broken = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(text)?.slice(1) ?? [];
  return {
    rate: Number(/Requests\/sec:\s+([\d.]+)/.exec(text)?.[1]),
    p50: time('50'),
    p99: time('99'),
    errors: broken.reduce((sum, count) => sum + Number(count), refused),
  };
}
