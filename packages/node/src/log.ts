/** Value types that a field of an event may have. */
type Field = 'string' | 'number' | 'boolean';
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;
export type Log = (event: string, fields?: LogFields) => void;
export type Level = 'debug' | 'info' | 'warn' | 'error';

const levels: Record<Level, number> = { debug: 10, info: 20, warn: 30, error: 40 };

/**
 * Every event that may be logged, with its level and the only fields it may have. An event or field that is not here is not
 * written, so that nothing reaches a log by accident (allow-list, facts: mcp-ai-auth-ops §4.2).
 */
const events: Record<string, { level: Level; fields: Record<string, Field> }> = {
  'node.started': { level: 'info', fields: { url: 'string', version: 'string', startMs: 'number' } },
  'node.stopped': { level: 'info', fields: {} },
  'http.request': { level: 'info', fields: { requestId: 'string', method: 'string', route: 'string', status: 'number', latencyMs: 'number' } },
  'http.failed': { level: 'error', fields: { requestId: 'string', route: 'string', error: 'string' } },
  'identity.claimed': { level: 'warn', fields: { address: 'string' } },
  'identity.signed-in': { level: 'info', fields: { address: 'string' } },
  'identity.refused': { level: 'warn', fields: { code: 'string' } },
  'sandbox.ready': { level: 'info', fields: { engine: 'string', tier: 'string' } },
  'sandbox.refused': { level: 'warn', fields: { engine: 'string', reason: 'string' } },
  'runner.started': { level: 'debug', fields: { pid: 'number', tier: 'string' } },
  'runner.lost': { level: 'warn', fields: { code: 'number', signal: 'string' } },
  'runner.output': { level: 'warn', fields: { text: 'string' } },
  'task.finished': { level: 'info', fields: { task: 'string', reason: 'string', wallUs: 'number', cpuUs: 'number' } },
  'chain.started': { level: 'info', fields: { rpcUrl: 'string', attached: 'boolean' } },
  'chain.lost': { level: 'error', fields: { error: 'string' } },
  'payment.state': { level: 'info', fields: { task: 'string', state: 'string', amount: 'string' } },
  'payment.failed': { level: 'warn', fields: { task: 'string', error: 'string' } },
  'drive.swept': { level: 'info', fields: { temporary: 'number', orphans: 'number', blobs: 'number' } },
  'background.failed': { level: 'error', fields: { what: 'string', error: 'string' } },
};

/** What must not be in any text, whoever wrote it: long hex (keys, signatures), our tokens, bearer credentials. Addresses and CIDs pass. */
const secrets = /0x[0-9a-fA-F]{64,}|\b[0-9a-fA-F]{64,}\b|\bf[a-z]_[A-Za-z0-9_-]{20,}|\b[Bb]earer\s+\S+|eyJ[A-Za-z0-9_-]{40,}/g;
const scrub = (text: string) => text.replace(secrets, '[removed]').slice(0, 500);

/** A logger that writes one JSON line an event: `{ts, level, event, …declared fields}`. */
export function openLog({ level, write, now }: { level: Level; write: (line: string) => void; now: () => number }): Log {
  return (event, fields = {}) => {
    const known = events[event] ?? { level: 'error' as const, fields: {} };
    if (levels[known.level] < levels[level]) return;
    const line: Record<string, unknown> = { ts: new Date(now()).toISOString(), level: known.level, event };
    for (const [name, type] of Object.entries(known.fields)) {
      const value = fields[name];
      if (typeof value === type) line[name] = typeof value === 'string' ? scrub(value) : value;
    }
    write(`${JSON.stringify(line)}\n`);
  };
}
