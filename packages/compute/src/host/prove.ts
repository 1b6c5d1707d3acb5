import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ComputeError } from '../error.ts';
import type { Attempt } from './attempt.ts';
import { startHost, type HostProgram, type Launch } from './process.ts';

/** What the sandbox of host processes can do on this machine, found out by trying. */
export type HostProof = { available: true; checks: Attempt[] } | { available: false; checks: Attempt[]; reason: string; advice: string };

const expected = 10;
const timeoutMs = 20_000;
const advice =
  'Run Freehold on Linux 5.13 or newer with Landlock, or where user namespaces are allowed; in Docker the default profile is enough if the kernel has Landlock. Nothing runs outside the sandbox.';

/**
 * Starts a host process as its pool does, and lets it try to get out: to a file, a port and a program that are really there. The
 * program knows the mode `prove`. The sandbox is available only if every attempt was made and refused.
 */
export async function proveHost({ launch, program, what }: { launch: Launch; program: HostProgram; what: string }): Promise<HostProof> {
  const file = join(tmpdir(), `freehold-bait-${randomUUID()}`);
  await writeFile(file, 'bait', { mode: 0o666 });
  const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const { checks, said } = await runAttempts(launch, program, JSON.stringify({ file, port }));
    const failed = checks.filter(({ passed }) => !passed).map(({ name }) => name);
    if (checks.length === expected && failed.length === 0) return { available: true, checks };
    const reason =
      failed.length > 0
        ? `The sandbox for ${what} does not hold here. Broken: ${failed.join('; ')}.`
        : `The sandbox for ${what} did not start: ${said || 'it gave no reason'}.`;
    return { available: false, checks, reason, advice };
  } finally {
    server.close();
    await rm(file, { force: true });
  }
}

/** What the opening of an engine is refused with. */
export const unproven = ({ reason, advice }: Extract<HostProof, { available: false }>) =>
  new ComputeError('sandbox_unavailable', 503, `${reason} ${advice}`, { details: { reason, advice } });

async function runAttempts(launch: Launch, program: HostProgram, parameter: string): Promise<{ checks: Attempt[]; said: string }> {
  let checks: Attempt[] = [];
  const host = startHost({
    launch,
    program,
    mode: 'prove',
    parameter,
    limit: 65_536,
    onFrame: ({ kind, head }) => {
      if (kind === 'proof' && Array.isArray(head)) checks = head;
    },
  });
  const timer = setTimeout(() => host.kill(), timeoutMs);
  const { said } = await host.ended;
  clearTimeout(timer);
  return { checks, said };
}
