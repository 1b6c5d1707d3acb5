/**
 * The keeper where there is a trusted execution environment: the only process that reaches dstack's socket. It derives keys through
 * it, one at a time, signs, and wipes them; the node's own key alone stays in its memory. Started by `openTeeKeeper` over its standard
 * streams, or by itself with `--listen SOCKET` in a container of its own, where the node connects to it.
 *
 * Arguments: the key service's socket, then optionally the socket to listen at.
 */
import type { Writable, Readable } from 'node:stream';
import { keyOf, type Key } from './keys.ts';
import { openKeyService } from './key-service.ts';
import { longestLine, nodePath, walletPrefix, type Greeting } from './question.ts';
import { serveAt } from './socket.ts';

const [, , servicePath = '', listenPath] = process.argv;
const service = openKeyService(servicePath);
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** Uses a key for the length of one call. */
async function withKey<T>(path: string, algorithm: string, use: (key: Key, chain: string[]) => T): Promise<T> {
  const { secret, chain } = await service.getKey(path, algorithm);
  try {
    return use(keyOf(secret, algorithm), chain);
  } finally {
    secret.fill(0);
    // OpenSSL wipes its copy of an ed25519 key when the object that holds it is collected.
    if (algorithm === 'ed25519') globalThis.gc?.({ type: 'minor', execution: 'sync' });
  }
}

const own = await service.getKey(nodePath, 'secp256k1').catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
const nodeKey = keyOf(own.secret, 'secp256k1');
const greeting: Greeting = {
  node: { path: nodePath, publicKey: hex(nodeKey.publicKey()), chain: own.chain },
  info: await service.info(),
  version: await service.version(),
};

async function answer(question: Record<string, unknown>): Promise<object> {
  const { do: wanted, path, algorithm, data } = question;
  const bytes = typeof data === 'string' && /^([0-9a-f]{2})*$/.test(data) ? Buffer.from(data, 'hex') : undefined;
  if (wanted === 'check') return service.version().then(() => ({ ok: true }));
  if (wanted === 'digest' && bytes?.length === 32) return { signature: hex(nodeKey.sign(bytes)) };
  if (wanted === 'quote' && bytes && bytes.length <= 64) return { quote: await service.getQuote(hex(bytes)) };
  if (typeof path === 'string' && path.startsWith(walletPrefix) && typeof algorithm === 'string') {
    if (wanted === 'key') return withKey(path, algorithm, (key, chain) => ({ publicKey: hex(key.publicKey()), chain }));
    if (wanted === 'sign' && bytes)
      return withKey(path, algorithm, (key, chain) => ({ signature: hex(key.sign(bytes)), publicKey: hex(key.publicKey()), chain }));
  }
  return { error: 'the keeper does not do that' };
}

function serve(input: Readable, output: Writable) {
  let rest = '';
  output.write(`${JSON.stringify(greeting)}\n`);
  input.setEncoding('latin1');
  input.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > longestLine) input.destroy();
    for (const line of lines) void handle(line, output);
  });
}

async function handle(line: string, output: Writable) {
  let id: unknown;
  try {
    const question: unknown = JSON.parse(line);
    if (typeof question !== 'object' || question === null) return;
    const asked: Record<string, unknown> = { ...question };
    ({ id } = asked);
    output.write(`${JSON.stringify({ id, ...(await answer(asked)) })}\n`);
  } catch (error) {
    output.write(`${JSON.stringify({ id, error: error instanceof Error ? error.message : String(error) })}\n`);
  }
}

if (listenPath === undefined) {
  serve(process.stdin, process.stdout);
  process.stdin.once('end', () => process.exit());
} else {
  serveAt(listenPath, (socket) => {
    socket.on('error', () => socket.destroy());
    serve(socket, socket);
  });
}
