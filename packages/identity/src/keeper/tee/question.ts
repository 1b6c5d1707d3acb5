/**
 * What the node asks the keeper, one JSON object a line; the answer carries the same `id`. Bytes are lower-case hexadecimal. No question
 * has an answer with a secret in it.
 */
export type Question =
  /** Signs 32 bytes with the node's own key. */
  | { id: number; do: 'digest'; data: string }
  /** The public key of a path, with its chain. */
  | { id: number; do: 'key'; path: string; algorithm: string }
  | { id: number; do: 'sign'; path: string; algorithm: string; data: string }
  | { id: number; do: 'quote'; data: string }
  /** Whether the key service still answers. */
  | { id: number; do: 'check' };

export type KeyAnswer = { publicKey: string; chain: string[] };
export type Answer =
  | { id: number; signature: string }
  | ({ id: number } & KeyAnswer)
  | ({ id: number; signature: string } & KeyAnswer)
  | { id: number; quote: Record<string, unknown> }
  | { id: number; ok: true }
  | { id: number; error: string };

/** The first line: the node's own key, and what the key service says of itself. */
export type Greeting = { node: KeyAnswer & { path: string }; info: Record<string, unknown>; version: Record<string, unknown> };

/** The path of the node's own key, which no other question may name. */
export const nodePath = 'freehold/node/v1/secp256k1';
/** Where the paths of wallets begin. */
export const walletPrefix = 'freehold/wallet/';
/** A line that is longer is none: 1 MiB of data to sign, in hexadecimal. */
export const longestLine = 2 * 1024 * 1024 + 4096;
