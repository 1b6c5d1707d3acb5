import { z } from 'zod';
import { address } from './address.ts';
import { change, entry } from './entry.ts';
import { signature, toHex, type Hex } from './hex.ts';
import { atomicAmount } from './money.ts';
import { token } from './network.ts';
import { limits, networkTarget, offer, offerId, runtime, toolDescription } from './offer.ts';
import { signedReceipt } from './receipt.ts';
import { fromBase58, solanaWallet } from './solana.ts';

/** The shapes of the node's own HTTP and WebSocket API, shared by the server, the command line and the desktop. Times are milliseconds since the epoch. */

/** Every error answer: `{ "error": { "code", "message", "requestId" } }`. The message says what was wrong and what to do next. */
export const errorBody = z.object({
  error: z.object({ code: z.string(), message: z.string(), requestId: z.string(), details: z.record(z.string(), z.unknown()).optional() }),
});

/** An admin is a member who may also let people in and out. */
export const role = z.enum(['owner', 'admin', 'member', 'guest']);
export type Role = z.output<typeof role>;

export const account = z.object({
  address,
  role,
  createdAt: z.number(),
  expiresAt: z.number().nullable(),
  /** The Solana wallet that signs in for it, where it is one. */
  wallet: z.string().optional(),
});
export type Account = z.output<typeof account>;

/** A way in beside the wallet. `lastUsedAt` is null until it has signed in. */
export const passkey = z.object({ id: z.string(), label: z.string(), createdAt: z.number(), lastUsedAt: z.number().nullable() });
export type Passkey = z.output<typeof passkey>;

const base64url = z
  .string()
  .regex(/^[A-Za-z0-9_-]*$/)
  .max(64 * 1024);

/** What browsers make of a new credential (`PublicKeyCredential.toJSON`, WebAuthn level 3). */
export const newPasskey = z.object({
  id: base64url,
  rawId: base64url,
  type: z.literal('public-key'),
  response: z.object({
    clientDataJSON: base64url,
    attestationObject: base64url,
    transports: z
      .array(z.enum(['ble', 'cable', 'hybrid', 'internal', 'nfc', 'smart-card', 'usb']).catch('hybrid'))
      .max(16)
      .optional(),
  }),
  clientExtensionResults: z.object({}).default({}),
});
export type NewPasskey = z.output<typeof newPasskey>;

/** What browsers make of an answer of one. */
export const passkeyAnswer = z.object({
  id: base64url,
  rawId: base64url,
  type: z.literal('public-key'),
  response: z.object({ clientDataJSON: base64url, authenticatorData: base64url, signature: base64url, userHandle: base64url.nullish() }),
  clientExtensionResults: z.object({}).default({}),
});
export type PasskeyAnswer = z.output<typeof passkeyAnswer>;

/** Something that matters for the safety of an account. */
export const securityEvent = z.object({
  id: z.number(),
  at: z.number(),
  kind: z.enum([
    'signed_in',
    'signed_out_elsewhere',
    'app_let_in',
    'app_shown_out',
    'permission_given',
    'token_made',
    'password_made',
    'passkey_added',
    'passkey_removed',
    'wallet_rotated',
    'role_changed',
    'recovery_changed',
  ]),
  detail: z.string(),
  /** The network that it came from, not the address: 203.0.113.0/24. */
  network: z.string().nullable(),
  userAgent: z.string().nullable(),
});
export type SecurityEvent = z.output<typeof securityEvent>;

export const session = z.object({
  id: z.string(),
  createdAt: z.number(),
  expiresAt: z.number(),
  lastUsedAt: z.number(),
  userAgent: z.string(),
  /** True for the session that asked. */
  current: z.boolean(),
});
export type Session = z.output<typeof session>;

/** An app that a person let in, and what it was given besides its own data, in Puter's spelling. */
export const authorizedApp = z.object({
  app: z.string(),
  origin: z.string().nullable(),
  name: z.string(),
  authorizedAt: z.number(),
  permissions: z.array(z.object({ permission: z.string(), grantedAt: z.number() })),
});
export type AuthorizedApp = z.output<typeof authorizedApp>;

/** A token that hands on a part of what its maker may; `app` when an app made it. `lastUsedAt` is kept to the minute. */
export const accessToken = z.object({
  id: z.string(),
  label: z.string(),
  app: z.string().nullable(),
  permissions: z.array(z.string()),
  createdAt: z.number(),
  lastUsedAt: z.number(),
  expiresAt: z.number().nullable(),
});

/** A password for one program that mounts the drive. `lastUsedAt` is null until it is used. */
export const appPassword = z.object({
  id: z.string(),
  label: z.string(),
  access: z.enum(['read', 'write']),
  createdAt: z.number(),
  lastUsedAt: z.number().nullable(),
});

/** The answer to who makes one: the only time that the password itself is told. */
export const newAppPassword = appPassword.extend({ password: z.string() });

/** GET /api/node: what anyone may know. */
export const nodeInfo = z.object({
  name: z.literal('freehold'),
  version: z.string(),
  claimed: z.boolean(),
  /** What a visitor must bring to claim an unclaimed node: nothing from this machine itself, the code from elsewhere. */
  claimProof: z.enum(['none', 'code', 'claimed']),
  /** The token that functions are sold in, or null while the node has no chain. */
  token: token.nullable(),
  /** True with the embedded chain: amounts are play money. */
  testMoney: z.boolean(),
  /** JSON-RPC address of the chain for wallets and balances, or null. */
  rpcUrl: z.string().nullable(),
  /** The key service that keeps wallets for people, or null; `isTee` false says that no hardware protects them. */
  keyService: z.object({ isTee: z.boolean(), product: z.string() }).nullable(),
  /** Whether anybody may sign up for an account with such a wallet. */
  signUp: z.boolean(),
  /** The address that signs receipts. It changes at every start, unless a key service keeps it; former ones are in /api/signers. */
  signer: address,
  sandbox: z.object({ native: z.boolean(), wasm: z.boolean(), javascript: z.boolean() }),
});
export type NodeInfo = z.output<typeof nodeInfo>;

/** Who wants to sign in. `chainId` is where a smart account lives. */
export const challengeRequest = z.strictObject({
  address: z.union([address, solanaWallet]),
  chainId: z.number().int().positive().max(Number.MAX_SAFE_INTEGER).optional(),
});
export const challenge = z.object({ nonce: z.string(), message: z.string(), expiresAt: z.number() });
export type Challenge = z.output<typeof challenge>;

/** A nonce for programs that write the message of EIP-4361 themselves. */
export const signInNonce = z.object({ nonce: z.string(), expiresAt: z.number() });

/** 65 bytes of a key, 64 of a Solana key, or as many as a contract takes; ed25519 also in base 58, as Solana's wallets give it. */
const walletSignature = z
  .string()
  .max(32 * 1024)
  .transform((text, context): Hex => {
    if (/^0x([0-9a-fA-F]{2}){1,16383}$/.test(text)) return `0x${text.slice(2).toLowerCase()}`;
    const bytes = text.length < 100 ? fromBase58(text) : undefined;
    if (bytes?.length === 64) return toHex(bytes);
    context.addIssue({ code: 'custom', message: 'must be 0x and whole bytes, or 64 bytes in base 58' });
    return z.NEVER;
  });

export const loginRequest = z.strictObject({
  /** Of the challenge that is answered; not with `message`. */
  nonce: z.string().min(8).max(128).optional(),
  /** A message that the caller wrote, with a nonce of this node. */
  message: z.string().max(8192).optional(),
  signature: walletSignature,
  /** The one-time code that the node printed: needed to claim it from another machine. */
  claimCode: z.string().max(32).optional(),
  /** `bearer` answers the token in the body (command line, programs); the default sets an HttpOnly cookie. */
  transport: z.enum(['cookie', 'bearer']).optional(),
});
export const loginAnswer = z.object({ account, session, token: z.string().optional(), claimed: z.boolean() });

export const entryList = z.object({ entries: z.array(entry), next: z.string().nullable() });
export type EntryList = z.output<typeof entryList>;

export const right = z.enum(['see', 'list', 'read', 'write', 'manage']);

/** What an account may do with an entry of another's drive and all below it. */
export const share = z.object({ id: z.string(), owner: z.string(), holder: z.string(), right, entry, createdAt: z.number() });
export const shareList = z.object({ shares: z.array(share), next: z.string().nullable() });
export type Share = z.output<typeof share>;

/** A public link; `url` is what to hand out. */
export const link = z.object({
  id: z.string(),
  url: z.string(),
  label: z.string(),
  hasPassword: z.boolean(),
  expiresAt: z.number().nullable(),
  createdAt: z.number(),
  entry,
});
export const linkList = z.object({ links: z.array(link), next: z.string().nullable() });
export type Link = z.output<typeof link>;

/** GET /api/links/:token: what a visitor is told. `entries` is null for a file. */
const linkItem = z.object({
  name: z.string(),
  kind: z.enum(['file', 'folder']),
  size: z.number(),
  cid: z.string().optional(),
  mediaType: z.string().optional(),
  modifiedAt: z.number(),
});
export const linkContent = z.object({
  label: z.string(),
  expiresAt: z.number().nullable(),
  entry: linkItem,
  entries: z.array(linkItem).nullable(),
  next: z.string().nullable(),
});

export const usage = z.object({ usedBytes: z.number(), quotaBytes: z.number() });

/** PUT /api/programs: what the node made of the uploaded bytes. */
export const programInfo = z.object({
  cid: z.string(),
  size: z.number(),
  kind: z.enum(['native', 'dynamic', 'script', 'javascript', 'core', 'wasi', 'reactor', 'component']),
  runtime,
  /** Exports that can be called, of a core WebAssembly module. */
  exports: z.array(z.object({ name: z.string(), parameters: z.array(z.string()), results: z.array(z.string()) })),
  /** Null when this node can run it, otherwise why not and what to do. */
  refusal: z.string().nullable(),
});
export type ProgramInfo = z.output<typeof programInfo>;

/** GET /api/programs: what is kept for an account, and how much it may be; null is without a limit. */
export const programList = z.object({
  programs: z.array(programInfo.pick({ cid: true, size: true, kind: true, runtime: true }).extend({ createdAt: z.number() })),
  usedBytes: z.number(),
  limitBytes: z.number().nullable(),
});

/** POST /api/programs/uploads: a program that arrives in parts, named by its sha256. */
export const programUpload = z.object({
  sha256: z.string(),
  size: z.number(),
  /** Bytes of every part but the last. */
  partSize: z.number(),
  partCount: z.number(),
  /** Numbers of the parts that have arrived, from 1. */
  received: z.array(z.number()),
  /** When it is given up, if nothing more arrives. Milliseconds since the epoch. */
  expiresAt: z.number(),
  /** Present when the node has the program already: nothing needs to be sent. */
  program: programInfo.nullable(),
});
export type ProgramUpload = z.output<typeof programUpload>;

/** PUT /api/programs/uploads/:sha256/parts/:number */
export const programPart = z.object({ size: z.number() });

/** PUT /api/secrets/:commitment */
export const storedSecret = z.object({ commitment: z.string() });

/** POST /api/programs/:cid/describe: what a program says of itself as a tool, and asks to be offered with. */
export const toolProposal = z.object({
  name: z.string(),
  tool: toolDescription,
  limits: limits.partial(),
  network: z.array(networkTarget).optional(),
});
export type ToolProposal = z.output<typeof toolProposal>;

export const offerSummary = z.object({
  id: offerId,
  offer,
  signature,
  /** Where it is called, by id: `<origin>/<id>.cgi` (`callPath`); its name in place of the id works too. */
  url: z.string(),
  /** A call that works as it stands, by name: `<origin>/<name>.cgi`, with an export and numbers where there are exports to call. */
  example: z.string(),
  state: z.enum(['live', 'expired', 'withdrawn', 'unavailable']),
  /** Why it is unavailable, or null. */
  refusal: z.string().nullable(),
  calls: z.number(),
  /** Settled income in atomic units of the first price's token. */
  earned: atomicAmount,
  /** The hash of the OS402 document that this offer was made from: then the signature is that document's. */
  os402: offerId.nullable().default(null),
  /** The pool in which calls are free while there is room. */
  pool: z.object({ name: z.string(), isFree: z.boolean() }).nullable().default(null),
});
export type OfferSummary = z.output<typeof offerSummary>;

/** `waiting`: a batch run whose turn has not come yet. */
export const taskState = z.enum(['waiting', 'running', 'done', 'failed']);
export const taskSummary = z.object({
  id: z.string(),
  offer: offerId,
  state: taskState,
  /** exit, signal, wall, cpu, memory, output, trap, killed, invalid or spawn; null while running. */
  reason: z.string().nullable(),
  /** One sentence on why it failed, or null. */
  message: z.string().nullable(),
  exitCode: z.number().nullable(),
  /** When it began; while it waits, when it was accepted. */
  startedAt: z.number(),
  endedAt: z.number().nullable(),
  wallUs: z.number().nullable(),
  cpuUs: z.number().nullable(),
  maxRssBytes: z.number().nullable(),
  /** WebAssembly instructions, when they were counted. */
  fuel: z.number().nullable(),
  /** The wallet it ran for; null when nobody paid. */
  payer: address.nullable(),
  /** What it wrote, in bytes; while a batch run goes on, so far. */
  stdoutBytes: z.number(),
  stderrBytes: z.number(),
  /** Whether its outputs can still be had, and until when. */
  kept: z.boolean(),
  expiresAt: z.number().nullable(),
  /** What its receipt says was paid, in atomic units. */
  paid: atomicAmount,
  receipt: signedReceipt.nullable(),
});
export type TaskSummary = z.output<typeof taskSummary>;
export const taskList = z.object({ tasks: z.array(taskSummary), next: z.string().nullable() });

/** GET /api/tasks/live: what waits and runs at this moment. */
export const liveTask = z.object({
  id: z.string(),
  offer: offerId,
  payer: address.nullable(),
  state: z.enum(['waiting', 'running']),
  since: z.number(),
  stdoutBytes: z.number(),
  stderrBytes: z.number(),
});
export const liveTasks = z.object({
  tasks: z.array(liveTask),
  /** Of the whole node: calls that wait for their turn, and those that have it. */
  waiting: z.number(),
  running: z.number(),
});
export type LiveTasks = z.output<typeof liveTasks>;

/** GET /api/offers/:offer/statistics, for its seller. */
export const offerStatistics = z.object({
  since: z.number(),
  calls: z.number(),
  /** Share of the calls that were answered without a run, 0 to 1. */
  cachedShare: z.number(),
  /** Of the last runs, at most 2000; null when there was none. */
  p50Us: z.number().nullable(),
  p95Us: z.number().nullable(),
  runs: z.number(),
  /** Failed runs among them, by reason. */
  failures: z.record(z.string(), z.number()),
  /** Settled income in atomic units of the node's token. */
  earned: atomicAmount,
});
export type OfferStatistics = z.output<typeof offerStatistics>;

/** GET /api/offers/:offer/logs: what its last runs wrote to standard error, the end of it, newest first. */
export const offerLogs = z.object({
  logs: z.array(
    z.object({
      task: z.string(),
      startedAt: z.number(),
      state: taskState,
      reason: z.string().nullable(),
      message: z.string().nullable(),
      stderr: z.string(),
    }),
  ),
});
export type OfferLogs = z.output<typeof offerLogs>;

/** POST /api/offers/:offer/run and /:offer/run/:seconds. Standard input as text, or as bytes in base64. */
export const batchRun = z.strictObject({
  args: z.array(z.string().max(65_536)).max(256).optional(),
  env: z.record(z.string().max(64), z.string().max(65_536)).optional(),
  stdin: z.string().optional(),
  stdinBase64: z.base64().optional(),
  /** SECONDS for which the outputs are to be kept, when that is less than the offer says. */
  retain: z.number().int().min(0).max(31_622_400).optional(),
  /** Nobody else may have the result, not even by an equal call. */
  private: z.boolean().optional(),
});

/** The answer: ask for it at `url`. `access` is the right to read this one task, for whoever has it. */
export const batchAccepted = z.object({ task: z.string(), state: taskState, url: z.string(), access: z.string() });
export type BatchAccepted = z.output<typeof batchAccepted>;

/** What a seller has been paid, on the chain, in atomic units of the node's token. */
export const earnings = z.object({ settled: atomicAmount, calls: z.number(), token: token.nullable() });
export type Earnings = z.output<typeof earnings>;

export const faucetRequest = z.strictObject({ address });
export const balance = z.object({ address, amount: atomicAmount, token });

/** What the WebSocket /api/events sends, one JSON object a message. `seq` of the drive lets a client resume with `?since=`. */
export const serverEvent = z.discriminatedUnion('type', [
  /** Sent first, and again when the history does not reach back to `since`: list anew. */
  z.object({ type: z.literal('hello'), seq: z.number() }),
  z.object({
    type: z.literal('drive'),
    seq: z.number(),
    change: change.shape.op,
    id: z.string(),
    /** The folder to refresh, and for `moved` the one it came from. */
    parent: z.string(),
    origin: z.string().optional(),
  }),
  z.object({ type: z.literal('offers') }),
  /** A call was answered to one of the listener's functions; amount 0 when it was free. */
  z.object({ type: z.literal('sale'), offer: offerId, task: z.string(), amount: atomicAmount, payer: address }),
  /** A call was answered or run, and its payment could not be settled, or was taken back by its chain: `reason` says why. */
  z.object({
    type: z.literal('unpaid'),
    offer: offerId,
    amount: atomicAmount,
    network: z.string(),
    asset: address,
    payer: address,
    reason: z.string(),
  }),
  /** A batch run changed: `ended` says that it is done or failed. */
  z.object({ type: z.literal('task'), offer: offerId, task: z.string(), state: z.enum(['waiting', 'running', 'ended']) }),
  /** So many calls of one of the listener's functions began and ended since the last of these, at most four times a second. */
  z.object({ type: z.literal('tasks'), offer: offerId, started: z.number(), ended: z.number() }),
]);
export type ServerEvent = z.output<typeof serverEvent>;
