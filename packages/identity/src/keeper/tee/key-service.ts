import { secretBuffer } from '../secret.ts';
import { connectTo } from './socket.ts';

/** Answers of the key service are at most this long: a quote with its event log, in hexadecimal. */
const longestAnswer = 4 * 1024 * 1024;
const patienceMs = 10_000;
const headEnd = Buffer.from('\r\n\r\n');
const keyMark = Buffer.from('"key":"');

export type IssuedKey = {
  /** 32 bytes, alone in their memory: whoever asked wipes them. */
  secret: Buffer;
  chain: string[];
};

export type KeyService = ReturnType<typeof openKeyService>;

/**
 * A client of dstack's guest agent over its socket. The published one makes strings of keys, which nobody can wipe; here a key is
 * decoded from the bytes that came into a buffer of its own, and its digits are overwritten before anything is read as text.
 * One question at a time, on one connection that stays open.
 */
export function openKeyService(path: string) {
  const slab = Buffer.allocUnsafeSlow(64 * 1024);
  let received = Buffer.allocUnsafeSlow(64 * 1024);
  let filled = 0;
  let connection: ReturnType<typeof connectTo> | undefined;
  let waiting: PromiseWithResolvers<void> | undefined;
  let turn: Promise<unknown> = Promise.resolve();

  function take(piece: Buffer) {
    if (filled + piece.length > received.length) {
      if (filled + piece.length > longestAnswer) return waiting?.reject(new Error('the key service answers more than 4 MiB'));
      const larger = Buffer.allocUnsafeSlow(Math.min(longestAnswer, (filled + piece.length) * 2));
      received.copy(larger, 0, 0, filled);
      received.fill(0);
      received = larger;
    }
    piece.copy(received, filled);
    filled += piece.length;
    if (isWhole()) waiting?.resolve();
  }

  const bodyStart = () => {
    const at = received.subarray(0, filled).indexOf(headEnd);
    return at === -1 ? undefined : at + headEnd.length;
  };
  /** Headers hold no secret. */
  const head = (end: number) => received.toString('latin1', 0, end);

  function isWhole(): boolean {
    const start = bodyStart();
    if (start === undefined) return false;
    const length = /\r\ncontent-length: *(\d+)\r\n/i.exec(head(start))?.[1];
    if (length === undefined) {
      waiting?.reject(new Error('the key service answered without a length'));
      return false;
    }
    return filled >= start + Number(length);
  }

  /** The answer lies in `received` while `read` looks at it, and is wiped after it. Errors: Error with the service's own words. */
  function ask<T>(name: string, body: object, read: (body: Buffer) => T): Promise<T> {
    const answer = turn.then(async () => {
      connection ??= connectTo(path, {
        slab,
        onData: take,
        onClose() {
          connection = undefined;
          waiting?.reject(new Error('the key service ended the connection'));
        },
      });
      const socket = await connection.catch((error: unknown) => {
        connection = undefined;
        throw error;
      });
      waiting = Promise.withResolvers();
      const impatience = setTimeout(
        () => waiting?.reject(new Error(`the key service did not answer in ${patienceMs / 1000} s`)),
        patienceMs,
      );
      const question = Buffer.from(JSON.stringify(body));
      socket.write(
        `POST /${name} HTTP/1.1\r\nHost: dstack\r\nContent-Type: application/json\r\nContent-Length: ${question.length}\r\n\r\n`,
      );
      socket.write(question);
      try {
        await waiting.promise;
        const start = bodyStart() ?? 0;
        const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(head(start))?.[1]);
        const text = received.subarray(start, filled);
        if (status !== 200) throw new Error(`${name}: ${complaintIn(text)} (HTTP ${status})`);
        return read(text);
      } catch (error) {
        // What it may still say belongs to no question.
        socket.destroy();
        connection = undefined;
        throw error;
      } finally {
        clearTimeout(impatience);
        received.fill(0, 0, filled);
        filled = 0;
        waiting = undefined;
      }
    });
    turn = answer.catch(() => undefined);
    return answer;
  }

  const asObject = (text: Buffer): Record<string, unknown> => {
    const value: unknown = JSON.parse(text.toString());
    if (typeof value !== 'object' || value === null) throw new Error('the key service answered no object');
    return { ...value };
  };

  return {
    /** Errors: Error. */
    getKey: (path: string, algorithm: string): Promise<IssuedKey> =>
      ask('GetKey', { path, purpose: path, algorithm }, (text) => {
        const at = text.indexOf(keyMark) + keyMark.length;
        const digits = text.subarray(at, at + 64);
        const secret = secretBuffer(32);
        const isKey = at >= keyMark.length && text[at + 64] === 0x22 && decodeHex(digits, secret);
        digits.fill(0x30);
        if (!isKey) throw new Error('the key service answered no key of 32 bytes');
        const { signature_chain: chain } = asObject(text);
        if (!Array.isArray(chain) || !chain.every((link) => typeof link === 'string')) throw new Error('the key service answered no chain');
        return { secret, chain };
      }),
    info: () => ask('Info', {}, asObject),
    version: () => ask('Version', {}, asObject),
    /** `reportData`: at most 64 bytes, in hexadecimal. */
    getQuote: (reportData: string) => ask('GetQuote', { report_data: reportData }, asObject),
  };
}

/** What an error answer says; it is no key, but it may be anything else. */
function complaintIn(text: Buffer): string {
  try {
    const value: unknown = JSON.parse(text.toString());
    if (typeof value === 'object' && value !== null && 'error' in value) return String(value.error).slice(0, 200);
  } catch {
    // Then it has no words.
  }
  return 'the key service refused';
}

/** Without a string in between. False when a digit is none. */
function decodeHex(digits: Buffer, target: Buffer): boolean {
  for (let index = 0; index < target.length; index++) {
    const high = nibble(digits[index * 2]);
    const low = nibble(digits[index * 2 + 1]);
    if (high === undefined || low === undefined) return false;
    target[index] = high * 16 + low;
  }
  return true;
}

function nibble(code: number | undefined): number | undefined {
  if (code === undefined) return undefined;
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x61 + 10 : undefined;
}
