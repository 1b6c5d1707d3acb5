import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { addressOfPublicKey, fromHex, hexOf, keyChain, toHex, type Hex, type KeyChain, type WalletAlgorithm } from '@freehold/protocol';
import { z } from 'zod';
import { IdentityError } from '../error.ts';
import type { Log } from '../log.ts';
import { teeKeeperArguments } from './arguments.ts';
import type { Keeper } from './keeper.ts';
import type { Question } from './tee/question.ts';

const keyAnswer = z.object({ publicKey: z.string().regex(/^[0-9a-f]+$/), chain: z.array(z.string().regex(/^[0-9a-f]{130}$/)).length(2) });
const greeting = z.object({
  node: keyAnswer.extend({ path: z.string() }),
  info: z.record(z.string(), z.unknown()),
  version: z.record(z.string(), z.unknown()),
});
const line = z.object({
  id: z.number(),
  error: z.string().optional(),
  signature: z.string().optional(),
  quote: z.record(z.string(), z.unknown()).optional(),
  ...keyAnswer.partial().shape,
});
type Line = z.output<typeof line>;

export type PublicKeyProof = { publicKey: Uint8Array; chain: KeyChain };

/** What the wallets of people need of the keeper. Errors of all: `keeper_failed`, `tee_failed`. */
export type WalletKeys = {
  publicKey(key: { path: string; algorithm: WalletAlgorithm }): Promise<PublicKeyProof>;
  /** `data`: 32 bytes for secp256k1, any bytes for ed25519. */
  sign(key: { path: string; algorithm: WalletAlgorithm; data: Uint8Array }): Promise<PublicKeyProof & { signature: Hex }>;
  /** A quote of the hardware over at most 64 bytes, as dstack gives it. */
  quote(reportData: Uint8Array): Promise<Record<string, unknown>>;
  /** Whether the key service answers. */
  check(): Promise<void>;
  readonly service: {
    /** False for the development stand-in, whose keys anybody can derive. */
    isTee: boolean;
    product: string;
    appId: Hex;
    composeHash: string;
    /** All that the service says of itself, public by nature. */
    info: Record<string, unknown>;
    nodeKey: PublicKeyProof & { path: string };
  };
};

export type TeeKeeper = Keeper & { wallets: WalletKeys };

/**
 * The keeper where there is a key service (dstack). `at` is either the service's socket, and the keeper is a process of ours, or the
 * socket of a keeper that runs in a container of its own, which alone has the service. Its death is final: a node should stop then.
 * Errors: `keeper_failed`, with what it said before it was ready.
 */
export async function openTeeKeeper({
  at,
  log,
  onDeath,
  signal,
}: {
  at: { servicePath: string } | { keeperPath: string };
  log: Log;
  onDeath?: () => void;
  signal?: AbortSignal;
}): Promise<TeeKeeper> {
  signal?.throwIfAborted();
  const waiting = new Map<number, PromiseWithResolvers<Line>>();
  const started = Promise.withResolvers<z.output<typeof greeting>>();
  const ended = Promise.withResolvers<void>();
  let state: 'starting' | 'ready' | 'stopping' | 'dead' = 'starting';
  let lastId = 0;
  const link = 'servicePath' in at ? startProcess(at.servicePath, end) : connectKeeper(at.keeperPath, end);

  readLines(link.output, (text) => {
    const parsed: unknown = JSON.parse(text);
    if (state === 'starting') {
      state = 'ready';
      started.resolve(greeting.parse(parsed));
      return;
    }
    const answer = line.parse(parsed);
    waiting.get(answer.id)?.resolve(answer);
    waiting.delete(answer.id);
  });

  function end(reason: string, complaint = '') {
    if (state === 'dead') return;
    const wasStopping = state === 'stopping';
    const wasReady = state === 'ready';
    state = 'dead';
    const error = new IdentityError(
      'keeper_failed',
      503,
      `The keeper of the node's keys is gone: ${complaint.trim() || reason}. Is the key service at the configured socket? Start the node again.`,
    );
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
    started.reject(error);
    ended.resolve();
    log(wasStopping ? 'keeper.stopped' : 'keeper.died', { reason });
    if (wasReady) onDeath?.();
  }

  async function ask(
    question: Question extends infer Each ? (Each extends { id: number } ? Omit<Each, 'id'> : never) : never,
  ): Promise<Line> {
    if (state !== 'ready') throw new IdentityError('keeper_failed', 503, 'The node is stopping and signs nothing more.');
    const id = ++lastId;
    const answered = Promise.withResolvers<Line>();
    waiting.set(id, answered);
    link.input.write(`${JSON.stringify({ id, ...question })}\n`);
    const answer = await answered.promise;
    if (answer.error === undefined) return answer;
    throw new IdentityError('tee_failed', 503, `The key service could not do that: ${answer.error}. Try again in a moment.`);
  }

  async function stop() {
    if (state === 'dead') return;
    state = 'stopping';
    link.input.end();
    const impatience = setTimeout(link.kill, 2_000);
    await ended.promise;
    clearTimeout(impatience);
  }

  signal?.addEventListener('abort', () => void stop(), { once: true });
  const { node, info } = await started.promise;
  const { address, proof } = { address: addressOfPublicKey(fromHex(node.publicKey)), proof: proofOf(node) };
  const service = describe(info);
  log('keeper.started', { address });
  if (!service.isTee) log('keeper.no_tee', { product: service.product });

  return {
    address,
    async signDigest(digest) {
      if (digest.length !== 32) throw new TypeError('A digest has 32 bytes');
      return signatureIn(await ask({ do: 'digest', data: plainHex(digest) }));
    },
    stop,
    wallets: {
      async publicKey({ path, algorithm }) {
        return proofOf(keyAnswer.parse(await ask({ do: 'key', path, algorithm })));
      },
      async sign({ path, algorithm, data }) {
        const answer = await ask({ do: 'sign', path, algorithm, data: plainHex(data) });
        return { ...proofOf(keyAnswer.parse(answer)), signature: signatureIn(answer) };
      },
      async quote(reportData) {
        return (await ask({ do: 'quote', data: plainHex(reportData) })).quote ?? {};
      },
      async check() {
        await ask({ do: 'check' });
      },
      service: { ...service, info, nodeKey: { ...proof, path: node.path } },
    },
  };
}

type Link = { input: Writable; output: Readable; kill: () => void };

function startProcess(servicePath: string, onEnd: (reason: string, complaint?: string) => void): Link {
  const child = spawn(process.execPath, teeKeeperArguments({ servicePath }), {
    env: {},
    stdio: ['pipe', 'pipe', 'pipe'],
    // Its own process group: Ctrl-C reaches the node alone, which still has receipts to sign while it stops.
    detached: process.platform !== 'win32',
    windowsHide: true,
  });
  let complaint = '';
  let isReady = false;
  child.stdout.once('data', () => (isReady = true));
  // Kept only while there is no key: afterwards nothing that the keeper says may reach a log.
  child.stderr.on('data', (chunk: Buffer) => {
    if (!isReady) complaint = (complaint + chunk.toString()).slice(0, 4096);
  });
  child.stdin.on('error', () => undefined);
  child.on('error', (error) => onEnd(error.message));
  child.on('close', (code, killedBy) =>
    onEnd(killedBy ? `it was ended by ${killedBy}` : `it ended with ${code}`, isReady ? '' : complaint),
  );
  return { input: child.stdin, output: child.stdout, kill: () => child.kill('SIGKILL') };
}

function connectKeeper(path: string, onEnd: (reason: string) => void): Link {
  const socket = connect(path);
  socket.on('error', (error) => onEnd(error.message));
  socket.on('close', () => onEnd('it ended the connection'));
  return { input: socket, output: socket, kill: () => socket.destroy() };
}

function readLines(output: Readable, take: (text: string) => void) {
  let rest = '';
  output.setEncoding('latin1');
  output.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const each of lines) take(each);
  });
}

/** The service's own words, as far as they are needed; dstack tells bytes without 0x. */
function describe(info: Record<string, unknown>) {
  const text = (name: string) => (typeof info[name] === 'string' ? info[name] : '');
  const product = text('cloud_product');
  return {
    isTee: !product.includes('NOT A TEE'),
    product: product || text('app_name') || 'dstack',
    appId: hexOf(20).parse(`0x${text('app_id')}`),
    composeHash: text('compose_hash'),
  };
}

const proofOf = ({ publicKey, chain }: z.output<typeof keyAnswer>): PublicKeyProof => ({
  publicKey: fromHex(publicKey),
  chain: keyChain.parse(chain.map((each) => `0x${each}`)),
});

function signatureIn({ signature }: Line): Hex {
  if (signature === undefined) throw new IdentityError('tee_failed', 503, 'The keeper answered without a signature. Start the node again.');
  return `0x${signature}`;
}

const plainHex = (bytes: Uint8Array) => toHex(bytes).slice(2);
