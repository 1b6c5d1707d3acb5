import type { Account, Context } from '../account.ts';
import { DriveError } from '../error.ts';
import { pageSize } from '../looking.ts';
import { ipnsRows } from '../store/ipns-records.ts';
import { ipnsName } from './ipns-name.ts';
import { readRecord, type IpnsRecord } from './ipns-record.ts';

export type NamedRecord = IpnsRecord & { name: string; bytes: Uint8Array };

/** Names that one account may keep here. */
const mostNames = 1000;
/** Names may point at names, but not for ever. */
const longestChain = 8;

/** The records that one account brought here. Whoever has the key of a name decides what it says; this node only passes it on. */
export function ipnsOf(account: Account, { database, now }: Context) {
  return {
    /** Errors: `record_invalid`; `record_outdated` when a newer one is here. */
    async putRecord(given: string, bytes: Uint8Array): Promise<NamedRecord> {
      const name = properName(given);
      const record = readRecord(name, bytes, now());
      const { id: drive } = await account.drive();
      await database.transaction(async (tx) => {
        const rows = ipnsRows(tx);
        const known = await rows.get(name);
        if (known && !isNewer(record, still(name, known.record, now())))
          throw new DriveError('record_outdated', 'A newer record of this name is here already. Sign one with a higher sequence number.');
        if (!known && (await rows.count(drive)) >= mostNames)
          throw new DriveError('publish_refused', `This account keeps ${mostNames} names here already. Remove one first.`);
        await rows.put({ name, drive, record: bytes, now: now() });
      });
      return { ...record, name, bytes };
    },

    async records({ after = '', limit }: { after?: string | undefined; limit?: number | undefined } = {}): Promise<{
      records: NamedRecord[];
      next?: string;
    }> {
      const { id: drive } = await account.drive();
      const size = pageSize(limit);
      const rows = await ipnsRows(database.read).list(drive, { after, limit: size + 1 });
      const next = rows.length > size ? rows[size - 1]?.name : undefined;
      // One that has ended is no longer told of, but keeps its place until it is renewed or removed.
      const records = rows.slice(0, size).flatMap(({ name, record }) => {
        const read = still(name, record, now());
        return read ? [{ ...read, name, bytes: record }] : [];
      });
      return { records, ...(next !== undefined && { next }) };
    },

    async removeRecord(given: string): Promise<void> {
      const { id: drive } = await account.drive();
      const name = properName(given);
      if (!(await database.transaction((tx) => ipnsRows(tx).remove(drive, name)))) throw recordNotFound(name);
    },
  };
}

export function openIpns({ database, now }: Context) {
  async function record(given: string): Promise<NamedRecord> {
    const name = properName(given);
    const row = await ipnsRows(database.read).get(name);
    const read = row && still(name, row.record, now());
    if (!row || !read) throw recordNotFound(name);
    return { ...read, name, bytes: row.record };
  }

  return {
    /** The newest valid record of a name. Errors: `record_invalid` for what is no name, `record_not_found`. */
    record,

    /** What a name points at in the end, `/ipfs/…`, and for how long at least, in milliseconds. */
    async resolveName(given: string): Promise<{ path: string; ttl: number }> {
      let ttl = Infinity;
      let rest = '';
      let name = given;
      for (let step = 0; step < longestChain; step++) {
        const found = await record(name);
        ttl = Math.max(0, Math.min(ttl, found.ttl, found.validUntil - now()));
        const [, space, next = '', path = ''] = /^\/(ip[fn]s)\/([^/]+)(.*)$/s.exec(found.value) ?? [];
        rest = path.replace(/\/$/, '') + rest;
        if (space === 'ipfs') return { path: `/ipfs/${next}${rest}`, ttl };
        name = next;
      }
      throw new DriveError(
        'record_not_found',
        `${given} points at a name that points at a name, and so on: more than ${longestChain} times.`,
      );
    },
  };
}

function properName(text: string): string {
  const name = ipnsName(text);
  if (name === undefined)
    throw new DriveError(
      'record_invalid',
      'That is not the name of a key. IPNS names look like k51qzi5uqu5d…; names of domains are not looked up by this node.',
    );
  return name;
}

/** A stored record while it is valid. */
function still(name: string, bytes: Uint8Array, now: number): IpnsRecord | undefined {
  try {
    return readRecord(name, bytes, now);
  } catch (error) {
    if (error instanceof DriveError && error.code === 'record_invalid') return undefined;
    throw error;
  }
}

/** By sequence, then by validity; one that ended gives way to any. The same record again is fine. */
const isNewer = (record: IpnsRecord, known: IpnsRecord | undefined) =>
  !known || record.sequence > known.sequence || (record.sequence === known.sequence && record.validUntil >= known.validUntil);

const recordNotFound = (name: string) =>
  new DriveError('record_not_found', `No valid record of the name ${name} is on this node. Upload one with PUT /api/ipns/${name}.`);
