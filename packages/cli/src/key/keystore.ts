import { createCipheriv, createDecipheriv, pbkdf2, randomUUID, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { z } from 'zod';
import { CliError } from '../error.ts';
import { openWallet } from './wallet.ts';

/** Web3 Secret Storage, version 3, as geth, ethers and MetaMask write it: AES-128-CTR under a key that scrypt makes from a password. */
const bytes = z.string().regex(/^(0x)?([0-9a-fA-F]{2})*$/);
const scryptParams = z.object({ dklen: z.number(), n: z.number(), r: z.number(), p: z.number(), salt: bytes });
const pbkdf2Params = z.object({ dklen: z.number(), c: z.number(), prf: z.literal('hmac-sha256'), salt: bytes });
const crypto = z.intersection(
  z.object({ cipher: z.literal('aes-128-ctr'), ciphertext: bytes, cipherparams: z.object({ iv: bytes }), mac: bytes }),
  z.discriminatedUnion('kdf', [
    z.object({ kdf: z.literal('scrypt'), kdfparams: scryptParams }),
    z.object({ kdf: z.literal('pbkdf2'), kdfparams: pbkdf2Params }),
  ]),
);
const keystore = z.object({ version: z.literal(3), crypto });

/** What scrypt costs whoever guesses passwords, and us each time: about 128 MiB and half a second. */
const cost = { n: 131_072, r: 8, p: 1 };
/** A file that asks for more memory than this is not opened. */
const mostMemory = 1024 ** 3;

export const isKeystore = (text: string): boolean => text.trimStart().startsWith('{');

export async function encryptKey(key: Uint8Array, password: string, random: (bytes: number) => Uint8Array): Promise<string> {
  const [salt, iv] = [Buffer.from(random(32)), Buffer.from(random(16))];
  const derived = await deriveByScrypt(password, { ...cost, salt, dklen: 32 });
  const cipher = createCipheriv('aes-128-ctr', derived.subarray(0, 16), iv);
  const ciphertext = Buffer.concat([cipher.update(key), cipher.final()]);
  const hex = (value: Uint8Array) => Buffer.from(value).toString('hex');
  return `${JSON.stringify(
    {
      version: 3,
      id: randomUUID(),
      address: openWallet(key).address.slice(2).toLowerCase(),
      crypto: {
        cipher: 'aes-128-ctr',
        cipherparams: { iv: hex(iv) },
        ciphertext: hex(ciphertext),
        kdf: 'scrypt',
        kdfparams: { ...cost, dklen: 32, salt: hex(salt) },
        mac: hex(macOf(derived, ciphertext)),
      },
    },
    undefined,
    2,
  )}\n`;
}

/** Errors: CliError when it is no keystore, or the password is another one. No message holds a password or a key. */
export async function decryptKey(text: string, password: string, source: string): Promise<Uint8Array> {
  const { crypto } = parse(text, source);
  const ciphertext = fromHex(crypto.ciphertext);
  const salt = fromHex(crypto.kdfparams.salt);
  const derived =
    crypto.kdf === 'scrypt'
      ? await deriveByScrypt(password, { ...crypto.kdfparams, salt }, source)
      : await promisify(pbkdf2)(password, salt, crypto.kdfparams.c, crypto.kdfparams.dklen, 'sha256');
  const mac = fromHex(crypto.mac);
  const expected = macOf(derived, ciphertext);
  if (mac.length !== expected.length || !timingSafeEqual(mac, expected)) {
    throw new CliError(`The password does not open ${source}.`, { advice: 'Try again, or check FREEHOLD_KEY_PASSWORD.' });
  }
  const decipher = createDecipheriv('aes-128-ctr', derived.subarray(0, 16), fromHex(crypto.cipherparams.iv));
  return Uint8Array.from(Buffer.concat([decipher.update(ciphertext), decipher.final()]));
}

function parse(text: string, source: string): z.output<typeof keystore> {
  try {
    const value: unknown = JSON.parse(text);
    // Early wallets wrote "Crypto".
    const { Crypto: legacy, ...rest } = Object(value) as Record<string, unknown>;
    return keystore.parse(legacy === undefined ? rest : { crypto: legacy, ...rest });
  } catch (cause) {
    throw new CliError(`${source} is no key file that is understood: an encrypted one is Web3 Secret Storage, version 3.`, {
      advice: 'Make one: freehold key new --out FILE --encrypt',
      cause,
    });
  }
}

async function deriveByScrypt(
  password: string,
  { n, r, p, salt, dklen }: { n: number; r: number; p: number; salt: Buffer; dklen: number },
  source = 'the key file',
): Promise<Buffer> {
  const memory = 128 * n * r + 128 * r * p;
  if (memory > mostMemory) throw new CliError(`${source} asks for more than 1 GiB of memory to be opened, which no wallet does.`);
  // Node's scrypt keeps to RFC 7914, N < 2^(16r); the first wallets did not.
  if (r === 1 && n >= 2 ** 16) {
    const { scryptAsync } = await import('@noble/hashes/scrypt.js');
    return Buffer.from(await scryptAsync(password, salt, { N: n, r, p, dkLen: dklen, maxmem: memory + 1024 ** 2 }));
  }
  const derive: (password: string, salt: Buffer, length: number, options: object) => Promise<unknown> = promisify(scrypt);
  const derived = await derive(password, salt, dklen, { N: n, r, p, maxmem: memory + 1024 ** 2 });
  return Buffer.from(derived as Buffer);
}

const macOf = (derived: Buffer, ciphertext: Buffer) => Buffer.from(keccak_256(Buffer.concat([derived.subarray(16, 32), ciphertext])));

const fromHex = (text: string) => Buffer.from(text.replace(/^0x/, ''), 'hex');
