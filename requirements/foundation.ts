import type { Requirement } from './requirement.ts';

const source = 'issue Foundation';

/** What the first issue promises: one command starts a node, one wallet claims it, one function is sold. */
export default [
  {
    id: 'foundation.start',
    source,
    behaviour:
      '`npm start` in a fresh clone starts a node with an embedded test chain and prints the address, a one-time claim code and three next steps',
  },
  { id: 'foundation.start.offline', source, behaviour: 'a second start needs no network' },
  {
    id: 'foundation.journey',
    source,
    behaviour:
      'in a real browser a person claims the node with a wallet, uploads, opens, renames, moves, trashes and restores a file, publishes a function, and sees its sale',
  },
  {
    id: 'foundation.journey.curl',
    source,
    behaviour:
      '`freehold curl` buys a function with real curl underneath; buyer and seller balances on the chain move by the price; the receipt is returned',
  },
  {
    id: 'foundation.desktop.accessible',
    source,
    behaviour: 'the desktop is reachable by keyboard, works at phone width, in light and dark, and axe finds no violation',
  },
  {
    id: 'foundation.database.newer',
    source,
    behaviour: 'a node refuses to open a database from a newer version, with a message that says so',
  },
  {
    id: 'foundation.identity.claim',
    source,
    behaviour:
      'an unclaimed node is claimed once, by a loopback request, the one-time code or FREEHOLD_OWNER; 200 parallel claims make one owner',
  },
  {
    id: 'foundation.identity.challenge',
    source,
    behaviour: 'sign-in verifies the signature over a challenge that the server wrote, with a single-use nonce bound to the node',
  },
  { id: 'foundation.identity.sessions', source, behaviour: 'sessions are stored as hashes, listed, revoked one by one or all at once' },
  { id: 'foundation.identity.allowlist', source, behaviour: 'only the owner and wallets the owner allowed may sign in' },
  {
    id: 'foundation.keeper',
    source,
    behaviour: 'the node signs in a separate keeper process whose key is never written to disk, a log or the server process',
  },
  { id: 'foundation.drive.cid', source, behaviour: 'files have the CIDs that Kubo gives with the profile unixfs-v1-2025' },
  {
    id: 'foundation.drive.stream',
    source,
    behaviour: 'uploads and downloads are streamed with Range; a large file never occupies more than a few MiB of memory',
  },
  {
    id: 'foundation.drive.crash',
    source,
    behaviour: 'after kill -9 during uploads every acknowledged file is intact, no entry dangles, orphans are swept at start',
  },
  { id: 'foundation.drive.trash', source, behaviour: 'rename, move, delete to trash and restore, each one transaction' },
  {
    id: 'foundation.drive.events',
    source,
    behaviour: 'changes reach the other windows of the account over a WebSocket, and a reconnect misses none',
  },
  { id: 'foundation.drive.isolation', source, behaviour: 'an account can never reach an entry of another drive' },
  {
    id: 'foundation.offer.signed',
    source,
    behaviour: 'an offer is signed by its seller (EIP-712 over the canonical JSON hash); altered, expired or foreign offers are refused',
  },
  {
    id: 'foundation.sandbox.hostile-native',
    source,
    behaviour:
      'hostile native guests (host files, writes, sockets, fork bomb, 10 GB, endless loop, endless output, signals) are each stopped with a named reason and the node is unharmed',
  },
  {
    id: 'foundation.sandbox.hostile-wasm',
    source,
    behaviour: 'hostile WebAssembly guests are each stopped with a named reason and the node is unharmed',
  },
  {
    id: 'foundation.sandbox.first-instruction',
    source,
    behaviour: 'restrictions are in force before the first instruction of the guest, for every way a program is loaded',
  },
  {
    id: 'foundation.sandbox.proves-itself',
    source,
    behaviour:
      'the sandbox proves itself by doing at start; where it cannot be had, functions are refused with a message that says why and what to do',
  },
  { id: 'foundation.pay.once', source, behaviour: 'one authorization sent 20 times in parallel runs one task and is paid once' },
  { id: 'foundation.pay.exposure', source, behaviour: 'ten authorizations from a wallet with money for one never run ten' },
  { id: 'foundation.pay.bound', source, behaviour: 'a payment made for one function is refused on another' },
  { id: 'foundation.pay.failure-free', source, behaviour: 'a function that fails charges nothing' },
  {
    id: 'foundation.pay.crash',
    source,
    behaviour: 'kill -9 at every state of the ledger and a restart lose nothing and charge nothing twice',
  },
  { id: 'foundation.pay.stock-client', source, behaviour: 'the stock @x402/fetch client buys a function unchanged' },
  {
    id: 'foundation.curl.transparent',
    source,
    behaviour:
      '`freehold curl` passes every flag to real curl, keeps its exit codes and output, and never shows a payment in the process list',
  },
  {
    id: 'foundation.functions.examples',
    source,
    behaviour: 'the example functions (calculator, CSV to JSON, thumbnail, native CGI) do their work through a node',
  },
  {
    id: 'foundation.bad-input',
    source,
    behaviour: 'bad input gets a 4xx with a code and a helpful sentence, never a 5xx, and nothing is lost',
  },
  {
    id: 'foundation.routes.policy',
    source,
    behaviour: 'every route declares who may call it; each route is tried by every kind of caller',
  },
  { id: 'foundation.origin', source, behaviour: 'user-made HTML and function output are never active on the origin of the desktop' },
  {
    id: 'foundation.health',
    source,
    behaviour: 'GET /api/health tells the state of the parts; /metrics speaks Prometheus to the owner or loopback only',
  },
  {
    id: 'foundation.logs',
    source,
    behaviour: 'logs are JSON lines with request ids from an allow-listed schema; no token, key or payment header is ever in them',
  },
  {
    id: 'foundation.cli',
    source,
    behaviour: 'the commands up, offer, curl, key, task and doctor have help, exit codes a Unix user expects, and --json',
  },
  { id: 'foundation.docs', source, behaviour: 'the commands in the README are executed by a test' },
] satisfies Requirement[];
