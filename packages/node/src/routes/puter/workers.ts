import { ComputeError, type Compute, type WorkerRow } from '@freehold/compute';
import type { Drive } from '@freehold/drive';
import type { Identity } from '@freehold/identity';
import { z } from 'zod';
import { RequestError } from '../../error.ts';
import type { Arrival, Caller } from '../../http/route.ts';
import { uidOfId } from '../../http/uid.ts';
import { appOfWorker } from '../../worker-app.ts';
import { scriptOf } from '../../worker-script.ts';
import { method, type DriverInterface, type DriverMethod } from './driver.ts';
import { openReach } from './reach.ts';

const name = z
  .string()
  .max(256)
  .transform((text) => text.toLowerCase());
const few = 100;

/** Puter's `worker-service`: scripts of a drive that answer requests at an address of this node. */
export function workersInterface({ compute, drive, identity }: { compute: Compute; drive: Drive; identity: Identity }): DriverInterface {
  const describe = async ({ name, app, entry, createdAt, account }: WorkerRow, { origin }: Arrival) => {
    const place = await drive
      .as({ account })
      .find({ id: entry }, 'read')
      .catch(() => undefined);
    return {
      name,
      url: `${origin}/workers/${name}`,
      file_path: place?.path ?? null,
      file_uid: uidOfId(entry),
      app_uid: app,
      created_at: new Date(createdAt).toISOString(),
    };
  };

  const methods: Record<string, DriverMethod> = {
    create: method(
      z.object({ workerName: name, filePath: z.string().min(1).max(4096), appId: z.string().max(64).nullish() }),
      async (caller, { workerName, filePath, appId }, { origin }) => {
        const { entry } = await openReach(drive, caller).entry(filePath, 'read', 'filePath');
        const app = await appFor(caller, { worker: workerName, wanted: appId ?? undefined });
        try {
          const script = await scriptOf(drive, { account: caller.account.address, entry: entry.id });
          await compute.workers.create({ name: workerName, account: caller.account.address, app, entry: entry.id, script });
        } catch (error) {
          if (!(error instanceof ComputeError)) throw error;
          return { success: false, errors: [error.message] };
        }
        return { success: true, url: `${origin}/workers/${workerName}`, errors: [] };
      },
    ),
    destroy: method(z.object({ workerName: name }), async (caller, { workerName }) => {
      await reached(caller, workerName);
      return { result: await compute.workers.remove({ name: workerName, account: caller.account.address }) };
    }),
    getFilePaths: method(
      z.object({
        workerName: name.nullish(),
        limit: z.number().int().min(1).max(500).nullish(),
        offset: z.number().int().min(0).nullish(),
        cursor: z.string().max(256).nullish(),
        includeTotal: z.boolean().nullish(),
      }),
      async (caller, { workerName, limit, offset, cursor, includeTotal }, arrival) => {
        const own = (await compute.workers.list(caller.account.address)).filter((worker) => isReached(caller, worker));
        if (workerName != null)
          return Promise.all(own.filter((worker) => worker.name === workerName).map((worker) => describe(worker, arrival)));
        const rest = own.filter((worker) => cursor == null || worker.name > cursor).slice(offset ?? 0);
        const page = rest.slice(0, limit ?? few);
        const last = page.at(-1);
        return {
          items: await Promise.all(page.map((worker) => describe(worker, arrival))),
          ...(rest.length > page.length && last && { cursor: last.name }),
          ...(includeTotal === true && { total: own.length }),
        };
      },
    ),
  };
  return { name: 'workers', driver: 'worker-service', methods: new Map(Object.entries(methods)) };

  /** As which app a worker acts: an app's worker as that app; a person's as an app of its own, or one that was let in. */
  async function appFor(
    { account, delegate }: Caller,
    { worker, wanted }: { worker: string; wanted: string | undefined },
  ): Promise<string> {
    if (delegate) {
      const own = delegate.kind === 'app' ? delegate.app : undefined;
      if (own === undefined)
        throw new RequestError('forbidden', 403, 'An access token cannot make workers: it stands for no app. Use a session or an app.');
      if (wanted !== undefined && wanted !== own)
        throw new RequestError('forbidden', 403, 'An app can only make workers that act as itself.');
      return own;
    }
    const sandbox = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(worker) ? appOfWorker(worker) : '';
    if (wanted === undefined || wanted === sandbox) return sandbox;
    if (await identity.isAuthorized({ address: account.address, app: wanted })) return wanted;
    throw new RequestError('invalid_request', 400, `There is no app ${wanted} that you have let in.`);
  }

  async function reached(caller: Caller, worker: string): Promise<void> {
    const known = await compute.workers.find(worker);
    if (!known || known.account !== caller.account.address || !isReached(caller, known))
      throw new RequestError('not_found', 404, `You have no worker named ${worker}.`);
  }
}

/** An app sees the workers that act as itself; a person all of its own. */
const isReached = ({ delegate }: Caller, { app }: WorkerRow): boolean => !delegate || (delegate.kind === 'app' && delegate.app === app);
