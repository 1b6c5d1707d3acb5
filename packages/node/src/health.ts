import { statfs } from 'node:fs/promises';
import type { Compute } from '@freehold/compute';
import type { Database } from '@freehold/database';
import type { Drive } from '@freehold/drive';
import type { Identity } from '@freehold/identity';
import type { ChainAccess } from './routes/chain.ts';
import type { Check } from './routes/system.ts';
import { zeroAddress } from '@freehold/protocol';

const mebibyte = 1024 * 1024;
const leastFree = 256 * mebibyte;

/** The parts that `/api/health` looks at. Only the database, the disk and the key service are essential: the rest may be missing on purpose. */
export function healthChecks({
  database,
  drive,
  compute,
  identity,
  chain,
  dataDirectory,
}: {
  database: Database;
  drive: Drive;
  compute: Compute;
  identity: Identity;
  chain: () => ChainAccess | undefined;
  dataDirectory: string;
}) {
  const attempt = async (essential: boolean, work: () => Promise<Check>): Promise<Check & { essential: boolean }> => {
    try {
      return { ...(await work()), essential };
    } catch (error) {
      return { ok: false, essential, message: error instanceof Error ? error.message : String(error) };
    }
  };
  const engine = (state: Compute['sandbox']['native']): Check =>
    state.available ? { ok: true, message: state.tier } : { ok: false, message: `${state.reason} ${state.advice}`.trim() };

  return async () => ({
    database: await attempt(true, async () => {
      await database.check();
      return { ok: true };
    }),
    disk: await attempt(true, async () => {
      const { bavail, bsize } = await statfs(dataDirectory);
      const free = bavail * bsize;
      return { ok: free > leastFree, message: `${Math.floor(free / mebibyte)} MiB free` };
    }),
    // Where there is one, receipts and the wallets of people depend on it.
    ...(identity.keyService() && {
      'key-service': await attempt(true, async () => {
        await identity.checkKeyService();
        return { ok: true };
      }),
    }),
    storage: await attempt(false, async () => {
      await drive.checkStorage();
      return { ok: true };
    }),
    content: await attempt(false, async () => {
      const damaged = await drive.damage();
      if (damaged.length === 0) return { ok: true };
      return {
        ok: false,
        message: `${damaged.length} stored contents are damaged. The owner finds the files with: freehold fsck`,
        details: damaged.map(({ cid, size, damaged_at }) => ({ cid, size, since: damaged_at })),
      };
    }),
    'sandbox-native': await attempt(false, async () => engine(compute.sandbox.native)),
    'sandbox-javascript': await attempt(false, async () => engine(compute.sandbox.javascript)),
    'sandbox-wasm': await attempt(false, async () => engine(compute.sandbox.wasm)),
    chain: await attempt(false, async () => {
      const present = chain();
      if (!present) return { ok: false, message: 'There is no chain: priced functions cannot be sold.' };
      await present.balanceOf(zeroAddress);
      return { ok: true };
    }),
  });
}
