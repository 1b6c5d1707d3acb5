import type { Requirement } from './requirement.ts';

/** What seed 002 promises. */
export default [
  { id: 'fn.key', source: 'seeds/002', behaviour: '`key derive` and friends: random, derive by namespace, address, sha256' },
  { id: 'fn.serve', source: 'seeds/002', behaviour: '`serve --owner 0x…` starts a selling node', planned: true },
  {
    id: 'fn.offer',
    source: 'seeds/002',
    behaviour:
      '`offer --exe … (--cgi or --mcp) --price… --upload URL` creates, signs and uploads an offer; the architecture is read from the binary',
  },
  {
    id: 'fn.offer.signed',
    source: 'seeds/002',
    behaviour: 'offers are signed and tamper-proof; expired or altered ones refused',
  },
  {
    id: 'fn.cgi',
    source: 'seeds/002',
    behaviour: '`/{offer}.cgi/{path}`: body → stdin, headers → environment, stdout → HTTP response',
  },
  {
    id: 'fn.pay.auto',
    source: 'seeds/002',
    behaviour: 'the payment happens within the call over x402; USDC on Base, Ethereum and Solana',
    planned: true,
  },
  { id: 'fn.cache', source: 'seeds/002', behaviour: 'equal inputs give the same task id and are answered free' },
  {
    id: 'fn.sandbox',
    source: 'seeds/002',
    behaviour:
      'no file system, no network unless offered, CPU and memory limits, in force before the guest runs; `sandbox` command tests locally',
    planned: true,
  },
  { id: 'fn.multiarch', source: 'seeds/002', behaviour: 'several architectures in one offer' },
  {
    id: 'fn.mcp.builder',
    source: 'seeds/002',
    behaviour: 'a tool in about 30 lines or fewer; name, description, schemas and limits extracted at offer time',
  },
  { id: 'fn.mcp.call', source: 'seeds/002', behaviour: '`mcp call NAME -a key=value --@ URL`', planned: true },
  { id: 'fn.mcp.serve', source: 'seeds/002', behaviour: '`mcp serve` is a gateway for AI clients with budgets', planned: true },
  { id: 'fn.curl', source: 'seeds/002', behaviour: '`curl` with payments: same flags, `--max`, `--pay`, `--key`' },
  { id: 'fn.headers', source: 'seeds/002', behaviour: '`X-402-Key/-Pay/-Max` for trusted local servers only', planned: true },
  {
    id: 'fn.budget',
    source: 'seeds/002',
    behaviour: '`--max 10.0`, `USDC:10.0`, `USDC@Base:5.0`; `--pay USDC`, `{"USDC":["Base"]}`',
  },
  {
    id: 'fn.run',
    source: 'seeds/002',
    behaviour: '`run` executes a batch task; `task` shows health, list, status, stdout, stderr',
  },
  { id: 'fn.config', source: 'seeds/002', behaviour: '`config show, init, schema`', planned: true },
  { id: 'fn.direct', source: 'seeds/002', behaviour: 'peer to peer, no platform fee', planned: true },
] satisfies Requirement[];
