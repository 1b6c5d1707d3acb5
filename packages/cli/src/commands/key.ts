import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { dirname, resolve } from 'node:path';
import { addAbortSignal } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { address as addressSchema, balance as balanceSchema, formatUnits, toHex, type Address } from '@freehold/protocol';
import secp256k1 from 'secp256k1';
import type { Context } from '../context.ts';
import { CliError, usageError } from '../error.ts';
import { derivedKey } from '../key/derived-key.ts';
import { encryptKey } from '../key/keystore.ts';
import { newPassword } from '../key/password.ts';
import { keyIn } from '../key/read-key.ts';
import { requireKey } from '../key/require-key.ts';
import { openWallet } from '../key/wallet.ts';
import { openNodeClient } from '../node/client.ts';
import { print } from '../output.ts';

type Common = { json?: boolean; key?: string; node?: string };

type Kept = Common & { out?: string; encrypt?: boolean; password?: string };

/** `key new`: to a new file that only its owner can read, else to standard output. Errors: CliError when the file exists. */
export async function newKey(options: Kept, context: Context): Promise<void> {
  await keep(randomKey(context), options, context);
}

/** `key import`: a key from a file, from standard input, or typed, written as `key new` would. Errors: CliError. */
export async function importKey(source: string | undefined, options: Kept, context: Context): Promise<void> {
  const text =
    source === undefined ? await context.ask?.('Private key: ') : source === '-' ? await textOf(context) : readText(source, context);
  if (text === undefined) throw usageError('Which key?', 'Name a file, or - for standard input.');
  const key = await keyIn(text, source === undefined || source === '-' ? 'What was given' : source, context);
  await keep(key, { ...options, out: options.out ?? context.settings.keyFile }, context);
}

/** `key export`: the key as it is, or encrypted for another program. Errors: CliError. */
export async function exportKey(options: Kept, context: Context): Promise<void> {
  await keep(await requireKey(options.key, context), options, context);
}

async function keep(key: Uint8Array, { out, encrypt, password, json }: Kept, context: Context): Promise<void> {
  const { address } = openWallet(key);
  const isEncrypted = encrypt === true || password !== undefined;
  const text = isEncrypted
    ? await encryptKey(key, await newPassword({ named: password, ...context }), (count) => context.random(count))
    : `${toHex(key)}\n`;
  if (out === undefined) {
    print(context, {
      json,
      value: { [isEncrypted ? 'keystore' : 'key']: isEncrypted ? JSON.parse(text) : text.trim(), address },
      text: text.trim(),
    });
    return;
  }
  const file = resolve(context.cwd, out);
  writeKeyFile(file, text, out);
  print(context, { json, value: { file, address }, text: address });
}

function writeKeyFile(file: string, text: string, named: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(file, text, { flag: 'wx', mode: 0o600, flush: true });
    chmodSync(file, 0o600);
  } catch (cause) {
    const exists = cause instanceof Error && 'code' in cause && cause.code === 'EEXIST';
    throw new CliError(
      exists ? `${file} exists, and a key is never overwritten.` : `The key could not be written to ${file}: ${String(cause)}`,
      {
        advice: `Name another file: freehold key new --out ${named}-2`,
        cause,
      },
    );
  }
}

const textOf = async ({ stdin, signal }: Context): Promise<string> => (await buffer(addAbortSignal(signal, stdin))).toString();

const readText = (file: string, { cwd }: Context): string => readProgramFile(resolve(cwd, file)).toString();

/** Retries for the one in 2^128 that is no key of the curve. */
function randomKey(context: Context): Uint8Array {
  for (;;) {
    const key = context.random(32);
    if (secp256k1.privateKeyVerify(key)) return key;
  }
}

export async function showAddress({ key, json }: Common, context: Context): Promise<void> {
  const { address } = openWallet(await requireKey(key, context));
  print(context, { json, value: { address }, text: address });
}

/** `key derive`: one key for every purpose from one that is kept. */
export async function deriveKey(namespace: string, { key, json }: Common, context: Context): Promise<void> {
  const derived = derivedKey(await requireKey(key, context), namespace);
  const { address } = openWallet(derived);
  print(context, { json, value: { key: toHex(derived), address }, text: toHex(derived) });
}

/** The sha256 of a file, or of standard input for `-`, as functions are known by. */
export async function sha256(file: string, { json }: Common, context: Context): Promise<void> {
  const hash = createHash('sha256');
  if (file === '-') for await (const chunk of context.stdin as AsyncIterable<Buffer>) hash.update(chunk);
  else hash.update(readProgramFile(resolve(context.cwd, file)));
  const digest = hash.digest('hex');
  print(context, { json, value: { sha256: digest }, text: digest });
}

function readProgramFile(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new CliError(`${file} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, {
      advice: 'Check the name.',
      cause,
    });
  }
}

/** Play money from the node's test chain. */
export async function fund(who: string | undefined, { key, node, json }: Common, context: Context): Promise<void> {
  const address = await addressFrom(who, key, context);
  const client = openNodeClient({ node: node ?? context.settings.node, signal: context.signal });
  const answer = await client.post('/api/chain/faucet', { address }, balanceSchema);
  print(context, {
    json,
    value: answer,
    text: `${formatUnits(BigInt(answer.amount), answer.token.decimals)} ${answer.token.symbol} (test money) now belong to ${answer.address}`,
  });
}

export async function showBalance(who: string | undefined, { key, node, json }: Common, context: Context): Promise<void> {
  const address = await addressFrom(who, key, context);
  const client = openNodeClient({ node: node ?? context.settings.node, signal: context.signal });
  const answer = await client.get(`/api/chain/balance?address=${address}`, balanceSchema);
  print(context, { json, value: answer, text: `${formatUnits(BigInt(answer.amount), answer.token.decimals)} ${answer.token.symbol}` });
}

async function addressFrom(who: string | undefined, key: string | undefined, context: Context): Promise<Address> {
  if (who === undefined) return openWallet(await requireKey(key, context)).address;
  const parsed = addressSchema.safeParse(who);
  if (!parsed.success)
    throw usageError(
      `${who} is no address: it ${parsed.error.issues[0]?.message ?? 'is wrong'}.`,
      'Leave it out to use the address of your key.',
    );
  return parsed.data;
}
