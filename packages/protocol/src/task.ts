import * as dagCbor from '@ipld/dag-cbor';
import { sha256 } from '@noble/hashes/sha2.js';
import { cidOf, dagCborCodec } from './cid.ts';
import type { Limits, Runtime } from './offer.ts';

/**
 * Everything that can change the outcome of a task, and nothing else; what is not here never reaches the program.
 * Facts: compute §5. Price and offer are not part of it: the same program under two offers is the same work.
 */
export type TaskPreimage = {
  kind: 'native' | 'wasm' | 'wasi1';
  /** CID of the bytes that are executed. */
  program: string;
  runtime: Runtime;
  /** Export that is called (core WebAssembly modules). */
  entry: string | null;
  args: string[];
  env: Record<string, string>;
  /** sha256 of standard input. */
  stdin: Uint8Array;
  limits: Limits;
  /** Identity of the folders that a WASI program is given (`inputsCidOf`); absent without any. */
  inputs?: string;
  /** The account that alone may have the result; absent when equal calls of anybody may share it. */
  scope?: string;
  /** The hosts and ports that it may connect to; absent where it has no network. */
  network?: readonly string[];
  /** It may start processes. */
  fork?: true;
  /** With `deterministic`, the clock is fixed and randomness is seeded from the task id. */
  deterministic: boolean;
  /** Makes the task of a non-deterministic function unique; empty when equal inputs may share a result. */
  nonce: Uint8Array;
};

/** Raised when the sandbox changes in a way that may change results: it disowns every cached result at once. */
const runtimeEdition = 'cell-1';

/** CIDv1 (dag-cbor, sha2-256) of the preimage. DAG-CBOR has one encoding for a value, so equal preimages have equal ids. */
export function taskIdOf(preimage: TaskPreimage): string {
  return cidOf(dagCborCodec, sha256(dagCbor.encode({ v: 1, ...preimage, runtime: `${preimage.runtime}/${runtimeEdition}` })));
}
