/** Value types that a field of an event may have. */
type Field = 'string' | 'number' | 'boolean';
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;
export type Log = (event: string, fields?: LogFields) => void;
export type Level = 'debug' | 'info' | 'warn' | 'error';

const levels: Record<Level, number> = { debug: 10, info: 20, warn: 30, error: 40 };

/** Names of seed 000, for the events that it names. */
const seedFields = {
  userId: 'string',
  request_id: 'string',
  latency_ms: 'number',
  result: 'string',
  error_code: 'string',
} as const;

/**
 * Every event that may be logged, with its level and the only fields it may have. An event or field that is not here is not
 * written, so that nothing reaches a log by accident (allow-list, facts: mcp-ai-auth-ops §4.2).
 */
const declared: Record<string, { level: Level; fields: Record<string, Field>; often?: boolean }> = {
  'node.started': { level: 'info', fields: { url: 'string', version: 'string', startMs: 'number' } },
  'node.stopped': { level: 'info', fields: {} },
  'bitswap.listening': { level: 'info', fields: { address: 'string' } },
  'http.request': {
    level: 'info',
    fields: { requestId: 'string', method: 'string', route: 'string', status: 'number', latencyMs: 'number' },
    often: true,
  },
  'http.failed': { level: 'error', fields: { requestId: 'string', route: 'string', error: 'string' } },
  'keeper.started': { level: 'info', fields: { address: 'string' } },
  'keeper.stopped': { level: 'debug', fields: { reason: 'string' } },
  'keeper.died': { level: 'error', fields: { reason: 'string' } },
  'identity.claimed': { level: 'warn', fields: { address: 'string', session: 'string' } },
  'identity.login': { level: 'info', fields: { address: 'string', session: 'string' } },
  'identity.allowed': { level: 'info', fields: { address: 'string', role: 'string' } },
  'identity.removed': { level: 'info', fields: { address: 'string' } },
  'identity.login_refused': { level: 'warn', fields: { address: 'string', code: 'string' } },
  'identity.session_revoked': { level: 'info', fields: { address: 'string', session: 'string' } },
  'identity.sessions_revoked': { level: 'info', fields: { address: 'string', count: 'number' } },
  'identity.app_authorized': { level: 'info', fields: { address: 'string', app: 'string' } },
  'identity.app_forgotten': { level: 'info', fields: { address: 'string', app: 'string' } },
  'identity.app_token_created': { level: 'info', fields: { address: 'string', app: 'string' } },
  'identity.permission_granted': { level: 'info', fields: { address: 'string', app: 'string' } },
  'identity.permission_withdrawn': { level: 'info', fields: { address: 'string', app: 'string' } },
  'identity.access_token_created': { level: 'info', fields: { address: 'string' } },
  'identity.passkey_added': { level: 'info', fields: { address: 'string' } },
  'identity.passkey_removed': { level: 'info', fields: { address: 'string' } },
  'identity.password_created': { level: 'info', fields: { address: 'string' } },
  'identity.password_revoked': { level: 'info', fields: { address: 'string' } },
  'identity.token_revoked': { level: 'info', fields: { address: 'string' } },
  'identity.touch_failed': { level: 'warn', fields: { message: 'string' } },
  'keeper.no_tee': { level: 'warn', fields: { product: 'string' } },
  signup: { level: 'info', fields: seedFields },
  sign: { level: 'info', fields: seedFields },
  verify: { level: 'info', fields: seedFields },
  admin_list: { level: 'info', fields: seedFields },
  health: { level: 'debug', fields: seedFields },
  'sandbox.ready': { level: 'info', fields: { engine: 'string', tier: 'string' } },
  'sandbox.refused': { level: 'warn', fields: { engine: 'string', reason: 'string' } },
  'compute.native.built': { level: 'info', fields: { from: 'string' } },
  'compute.native.proved': { level: 'debug', fields: { available: 'boolean', tier: 'string', checks: 'number' } },
  'compute.native.no_namespaces': { level: 'info', fields: { why: 'string' } },
  'compute.native.runner_said': { level: 'warn', fields: { text: 'string' } },
  'compute.native.runner_lost': { level: 'error', fields: { how: 'string', restartInMs: 'number' } },
  'compute.native.restart_failed': { level: 'error', fields: { message: 'string' } },
  'compute.wasm.host-ended': { level: 'debug', fields: { code: 'number', signal: 'string', said: 'string' } },
  'compute.wasm.host-retired': { level: 'debug', fields: { residentBytes: 'number' } },
  'compute.wasm.start-failed': { level: 'error', fields: { attempt: 'number', said: 'string' } },
  'chain.started': { level: 'info', fields: { rpcUrl: 'string', pid: 'number', attached: 'boolean' } },
  'chain.lost': { level: 'error', fields: { pid: 'number' } },
  'chain.start_failed': { level: 'warn', fields: { port: 'number', attempt: 'number' } },
  'chain.save_failed': { level: 'warn', fields: { message: 'string' } },
  'chain.unresponsive': { level: 'warn', fields: { pid: 'number' } },
  'chain.unreachable': { level: 'warn', fields: { network: 'string', message: 'string' } },
  'chain.server_changed': { level: 'warn', fields: { network: 'string', message: 'string' } },
  'chain.wrong_id': { level: 'error', fields: { network: 'string', said: 'string' } },
  'chain.lied': { level: 'error', fields: { network: 'string', reservation: 'number' } },
  'payment.vanished': { level: 'error', fields: { reservation: 'number', network: 'string', payer: 'string' } },
  'payment.settled_again': { level: 'warn', fields: { reservation: 'number', network: 'string', payer: 'string' } },
  'payment.watch_delayed': { level: 'warn', fields: { message: 'string' } },
  'facilitator.settled': { level: 'info', fields: { settlement: 'number', network: 'string', payTo: 'string', kind: 'string' } },
  'facilitator.settle_failed': { level: 'error', fields: { settlement: 'number', message: 'string' } },
  'facilitator.silent': { level: 'warn', fields: { network: 'string', reservation: 'number', message: 'string' } },
  'facilitator.refused': { level: 'warn', fields: { network: 'string', reservation: 'number', reason: 'string' } },
  'chain.unchecked': { level: 'warn', fields: { network: 'string', message: 'string' } },
  'payment.settled': { level: 'info', fields: { reservation: 'number', payer: 'string' } },
  'payment.unpaid': { level: 'warn', fields: { reservation: 'number', payer: 'string', reason: 'string' } },
  'payment.recovered': { level: 'info', fields: { released: 'number', resumed: 'number' } },
  'payment.settle_failed': { level: 'error', fields: { reservation: 'number', message: 'string' } },
  'payment.settle_delayed': { level: 'warn', fields: { network: 'string', reservation: 'number', kind: 'string', message: 'string' } },
  'payment.settle_resent': { level: 'info', fields: { network: 'string', reservation: 'number', times: 'number' } },
  'drive.unpublished': { level: 'info', fields: { publications: 'number' } },
  'drive.unpublished_failed': { level: 'warn', fields: { message: 'string' } },
  'database.announcements_failed': { level: 'warn', fields: { message: 'string' } },
  'drive.swept': { level: 'info', fields: { broken: 'number', orphans: 'number', collected: 'number' } },
  'drive.sweep_failed': { level: 'error', fields: { message: 'string' } },
  'drive.collect_failed': { level: 'error', fields: { message: 'string' } },
  'drive.names_folded': { level: 'info', fields: { entries: 'number' } },
  'drive.search_failed': { level: 'error', fields: { message: 'string' } },
  'sockets.relay_failed': { level: 'error', fields: { message: 'string' } },
  'sockets.recheck_failed': { level: 'error', fields: { message: 'string' } },
  'keyvalue.sweep_failed': { level: 'error', fields: { message: 'string' } },
  'drive.derived': { level: 'info', fields: { read: 'number', failed: 'number', waiting: 'number' } },
  'drive.derive_failed': { level: 'error', fields: { message: 'string' } },
  'drive.unreadable': { level: 'info', fields: { cid: 'string', attempts: 'number', final: 'boolean', message: 'string' } },
  'drive.reader_ended': { level: 'warn', fields: { how: 'string' } },
  'drive.subscription_failed': { level: 'error', fields: { message: 'string' } },
};

/** What must not be in any text, whoever wrote it: long hex (keys, signatures), our tokens, bearer credentials. Addresses and CIDs pass. */
const secrets =
  /0x[0-9a-fA-F]{64,}|\b[0-9a-fA-F]{64,}\b|\bf[a-z]_[A-Za-z0-9_-]{20,}|\bfp-[0-9a-z-]{20,}|\b[Bb]earer\s+\S+|eyJ[A-Za-z0-9_-]{40,}/g;
const scrub = (text: string) => text.replace(secrets, '[removed]').slice(0, 500);

type Known = { level: Level; fields: readonly (readonly [name: string, type: Field])[]; often: boolean };
const events = new Map(
  Object.entries(declared).map(([name, { level, fields, often = false }]): [string, Known] => [
    name,
    { level, fields: Object.entries(fields), often },
  ]),
);
/** An event that nobody declared is a defect of ours: its name is written, loud, and none of its fields. */
const undeclared: Known = { level: 'error', fields: [], often: false };

const heldMs = 20;

/**
 * A logger that writes one JSON line an event: `{ts, level, event, …declared fields}`. What happens often is held for a moment and
 * written together, or before the next line that is not: a write costs more than a request.
 */
export function openLog({ level, write, now }: { level: Level; write: (lines: string) => void; now: () => number }): Log {
  let held: string[] = [];
  let timer: NodeJS.Timeout | undefined;
  const release = () => {
    clearTimeout(timer);
    if (held.length === 0) return;
    const lines = held;
    held = [];
    write(lines.join(''));
  };
  let second = { at: NaN, text: '' };
  /** ISO 8601, of which all but the milliseconds is the same for many lines. */
  const timeOf = (ms: number): string => {
    const at = Math.floor(ms / 1000);
    if (at !== second.at) second = { at, text: new Date(at * 1000).toISOString().slice(0, -4) };
    return `${second.text}${String(Math.floor(ms - at * 1000)).padStart(3, '0')}Z`;
  };
  return (event, fields = {}) => {
    const known = events.get(event) ?? undeclared;
    if (levels[known.level] < levels[level]) return;
    const line: Record<string, unknown> = { ts: timeOf(now()), level: known.level, event };
    for (const [name, type] of known.fields) {
      const value = fields[name];
      if (typeof value === type) line[name] = typeof value === 'string' ? scrub(value) : value;
    }
    if (held.length === 0) timer = setTimeout(release, heldMs);
    held.push(`${JSON.stringify(line)}\n`);
    if (!known.often) release();
  };
}
