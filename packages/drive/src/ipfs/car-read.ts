import { hash } from 'node:crypto';
import * as dagCbor from '@ipld/dag-cbor';
import { CID } from 'multiformats/cid';
import { DriveError } from '../error.ts';
import { inlined } from './blocks.ts';
import type { ByteReader } from './byte-reader.ts';
import { varintSize } from './varint.ts';

/** No client sends or takes larger blocks. */
export const largestBlock = 2 << 20;
const largestHeader = 64 << 10;
const largestCid = 256;
const sha256 = 0x12;

export type CarBlock = { cid: CID; bytes: Uint8Array; /** Where the bytes begin, in the CAR. */ position: number };

/** Reads the header of a CAR version 1; answers its roots, and then its blocks, each compared with its hash. Errors: `car_invalid`. */
export async function readCar(reader: ByteReader): Promise<{ roots: CID[]; blocks: AsyncGenerator<CarBlock> }> {
  const { read, varint } = parsing(reader);
  const length = await varint();
  if (length === undefined || length === 0 || length > largestHeader) throw invalid('It does not begin with a CAR header.');
  const roots = rootsOf(await read(length));
  let position = length + varintSize(length);

  async function* blocks(): AsyncGenerator<CarBlock> {
    for (;;) {
      const size = await varint();
      if (size === undefined) return;
      if (size === 0) throw invalid('It holds an empty section.');
      if (size > largestBlock + largestCid) throw invalid(`It holds a block of about ${size} bytes; at most ${largestBlock} are possible.`);
      position += varintSize(size);
      const bytes = await read(size);
      const { cid, rest } = split(bytes);
      verify(cid, rest);
      yield { cid, bytes: rest, position: position + size - rest.length };
      position += size;
    }
  }
  return { roots, blocks: blocks() };
}

function parsing(reader: ByteReader) {
  async function read(length: number): Promise<Uint8Array> {
    const bytes = await reader.read(length).catch((cause: unknown) => {
      throw cause instanceof RangeError ? cutOff() : cause;
    });
    if (!bytes) throw cutOff();
    return bytes;
  }

  /** Undefined at the end of the stream. */
  async function varint(): Promise<number | undefined> {
    let value = 0;
    for (let index = 0; index < 8; index++) {
      const byte = (index === 0 ? await reader.read(1) : await read(1))?.[0];
      if (byte === undefined) return undefined;
      value += (byte & 0x7f) * 2 ** (7 * index);
      if (byte < 0x80) {
        if (!Number.isSafeInteger(value)) break;
        return value;
      }
    }
    throw invalid('It holds a length that is none.');
  }
  return { read, varint };
}

function rootsOf(bytes: Uint8Array): CID[] {
  const header = decoded(bytes);
  if (typeof header !== 'object' || header === null || !('version' in header)) throw invalid('It does not begin with a CAR header.');
  if (header.version !== 1)
    throw invalid(`It is a CAR of version ${String(header.version)}, but only version 1 is read. Export it again as version 1.`);
  const roots = 'roots' in header && Array.isArray(header.roots) ? header.roots.map((root) => CID.asCID(root)) : [];
  return roots.map((root) => root ?? fail('Its header names a root that is no CID.'));
}

function decoded(bytes: Uint8Array): unknown {
  try {
    return dagCbor.decode(bytes);
  } catch (cause) {
    throw invalid('It does not begin with a CAR header.', cause);
  }
}

function split(bytes: Uint8Array): { cid: CID; rest: Uint8Array } {
  try {
    const [cid, rest] = CID.decodeFirst(bytes);
    return { cid, rest };
  } catch (cause) {
    throw invalid('It holds a block without a proper CID.', cause);
  }
}

function verify(cid: CID, bytes: Uint8Array): void {
  if (bytes.length > largestBlock)
    throw invalid(`The block ${cid.toString()} has ${bytes.length} bytes; at most ${largestBlock} are possible.`);
  const own = inlined(cid);
  if (!own && cid.multihash.code !== sha256)
    throw invalid(`The block ${cid.toString()} is named by a hash other than SHA-256, which this node does not compute.`);
  if (Buffer.compare(own ?? hash('sha256', bytes, 'buffer'), own ? bytes : cid.multihash.digest) !== 0)
    throw invalid(`The bytes of the block ${cid.toString()} are not the ones that its CID names. The file is damaged or forged.`);
}

export const invalid = (why: string, cause?: unknown): DriveError =>
  new DriveError('car_invalid', `This is not a CAR file that can be taken in. ${why} Nothing was stored.`, { cause });
const cutOff = () => invalid('It ends in the middle of a block.');
const fail = (why: string): never => {
  throw invalid(why);
};
