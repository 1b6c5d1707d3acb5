import { sha256 } from '@noble/hashes/sha2.js';
import { CID } from 'multiformats/cid';
import type { Address } from './address.ts';
import { cidBytes, cidOf, dagCborCodec } from './cid.ts';
import { compareNames, openDagCborWriter } from './dag-cbor-writer.ts';
import { fromHex, toHex, type Hex } from './hex.ts';
import type { Runtime } from './offer.ts';

/**
 * Everything that can change the outcome of a task, and nothing else; what is not here never reaches the program.
 * Facts: compute §5. Price and offer are not part of it: the same program under two offers is the same work.
 */
export type TaskPreimage = {
  /** How the program is run: what the engines call core modules, WASI commands, … */
  kind: 'native' | 'script' | 'javascript' | 'wasm' | 'wasi1' | 'reactor1' | 'wasi2';
  /** CID of the bytes that are executed. */
  program: string;
  runtime: Runtime;
  /** Export that is called (core WebAssembly modules and reactors). */
  entry: string | null;
  /** Numbers in decimal. */
  args: readonly string[];
  env: Readonly<Record<string, string>>;
  /** sha256 of standard input, 32 bytes. */
  stdin: Uint8Array;
  /** CID of the snapshot of the files that it may read; null when it has none. */
  inputs: string | null;
  /** They change outcomes, as a timeout does. */
  limits: { memoryBytes: number; cpuMs: number; wallMs: number; outputBytes: number; fuel: number | null };
  policy: {
    clock: 'fixed' | 'real';
    /** `seeded` from the task's id. */
    random: 'seeded' | 'real';
    /** The only `host:port` it may connect to, sorted. */
    net: readonly string[];
    fork: boolean;
  };
  /** HMAC, under a key of the node, of what only the node knows of the run; null when there is nothing of the kind. */
  secret: Uint8Array | null;
  /** The only wallet that may share the result; null when anybody may. */
  scope: Address | null;
  /** Makes the task of a non-deterministic function unique; empty when equal inputs may share a result. */
  nonce: Uint8Array;
};

/** Raised when the sandbox changes in a way that may change results: it disowns every cached result at once. */
const runtimeEdition = 'cell-2';

/**
 * The DAG-CBOR block whose CID is the task's id. DAG-CBOR has one encoding for a value, and the fields are named one by one, so
 * equal preimages give equal bytes, and what is no part of the type gets no part in the identity. Errors: TypeError.
 */
export function encodeTask(task: TaskPreimage): Uint8Array {
  const { limits, policy } = task;
  if (task.stdin.length !== 32) throw new TypeError('The input of a task is named by the 32 bytes of its sha256');
  const out = openDagCborWriter();
  const texts = (values: readonly string[]) => {
    out.list(values.length);
    for (const value of values) out.text(text(value));
  };
  const name = out.text;
  out.map(14);
  name('v');
  out.number(1);
  name('env');
  const variables = Object.keys(task.env).sort(compareNames);
  out.map(variables.length);
  for (const variable of variables) {
    name(text(variable));
    out.text(text(task.env[variable]));
  }
  name('args');
  texts(task.args);
  name('kind');
  out.text(task.kind);
  name('entry');
  if (task.entry === null) out.null();
  else out.text(text(task.entry));
  name('nonce');
  out.bytes(task.nonce);
  name('scope');
  if (task.scope === null) out.null();
  else out.bytes(fromHex(task.scope.toLowerCase()));
  name('stdin');
  out.bytes(task.stdin);
  name('inputs');
  if (task.inputs === null) out.null();
  else out.link(cidBytes(task.inputs));
  name('limits');
  out.map(5);
  name('cpu');
  out.number(whole(limits.cpuMs));
  name('mem');
  out.number(whole(limits.memoryBytes));
  name('out');
  out.number(whole(limits.outputBytes));
  name('fuel');
  if (limits.fuel === null) out.null();
  else out.number(whole(limits.fuel));
  name('wall');
  out.number(whole(limits.wallMs));
  name('policy');
  out.map(4);
  name('net');
  texts(policy.net);
  name('fork');
  out.boolean(policy.fork);
  name('clock');
  out.text(policy.clock);
  name('random');
  out.text(policy.random);
  name('secret');
  if (task.secret === null) out.null();
  else out.bytes(task.secret);
  name('program');
  out.link(cidBytes(task.program));
  name('runtime');
  out.text(`${task.runtime}/${runtimeEdition}`);
  return out.end();
}

/** The id of the task whose encoding has that sha256: CIDv1 (dag-cbor, sha2-256) in base32. */
export const taskIdOfSha256 = (sha256Digest: Uint8Array): string => cidOf(dagCborCodec, sha256Digest);

/** The id of an encoded task. */
export const taskIdOfBlock = (block: Uint8Array): string => taskIdOfSha256(sha256(block));

/** The id of a task. Errors: TypeError. */
export const taskIdOf = (task: TaskPreimage): string => taskIdOfBlock(encodeTask(task));

/** The 32 bytes of the digest in a task's id: the form that contracts and OS402's clients know. Errors: Error when it is no CID. */
export const taskDigest = (id: string): Hex => toHex(CID.parse(id).multihash.digest);

/** The id of the task with that digest. */
export const taskIdOfDigest = (digest: Hex): string => cidOf(dagCborCodec, fromHex(digest));

function text(value: unknown): string {
  if (typeof value === 'string' && value.isWellFormed()) return value;
  throw new TypeError('Arguments and variables of a task are texts in Unicode');
}

function whole(value: number): number {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new TypeError('Limits of a task are whole numbers of at least 0');
}
