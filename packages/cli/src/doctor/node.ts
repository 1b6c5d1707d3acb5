import type { Finding, Probe } from './probe.ts';

type Health = { status: string; version: string; checks: Record<string, { ok: boolean; message?: string }> };

/** Whether the node answers, and what it says of its own parts. A node that is not running is a warning: it may not have been started yet. */
export function nodeProbe({ node, signal }: { node: string; signal: AbortSignal }): Probe {
  return {
    name: 'node',
    async ask(): Promise<Finding> {
      let response: Response;
      try {
        response = await fetch(new URL('/api/health', node), { signal: AbortSignal.any([signal, AbortSignal.timeout(5_000)]) });
      } catch {
        return { state: 'warn', message: `no node answers at ${node}`, fix: 'Start it: freehold up' };
      }
      const answer: unknown = await response.json().catch(() => undefined);
      if (!isHealth(answer))
        return { state: 'fail', message: `${node} is no Freehold node`, fix: 'Name yours: freehold doctor --node URL' };
      const { status, version, checks } = answer;
      const bad = Object.entries(checks).filter(([, { ok }]) => !ok);
      const message = `${node}, version ${version}: ${status}`;
      if (bad.length === 0) return { state: 'ok', message };
      const what = bad.map(([name, { message: why }]) => (why ? `${name}: ${why}` : name)).join('; ');
      return { state: response.ok ? 'warn' : 'fail', message: `${message} (${what})`, fix: 'See its log for what went wrong.' };
    },
  };
}

function isHealth(value: unknown): value is Health {
  if (typeof value !== 'object' || value === null || !('status' in value) || !('version' in value) || !('checks' in value)) return false;
  return (
    typeof value.checks === 'object' &&
    value.checks !== null &&
    Object.values(value.checks).every((check) => typeof check?.ok === 'boolean')
  );
}
