import type { Compute } from '@freehold/compute';
import { z } from 'zod';
import { RequestError } from '../../error.ts';
import type { Caller } from '../../http/route.ts';
import { appOfWorker } from '../../worker-app.ts';
import { method, type DriverInterface, type DriverMethod } from './driver.ts';
import { uuidOfAccount } from './permissions.ts';

const sandbox = /^sandbox-([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)$/;

/**
 * Of Puter's `puter-apps` what its SDK asks when it makes a worker: the app `sandbox-NAME`, as which that worker will act. It
 * needs not to be made: a worker's name says which it is.
 */
export function workerAppsInterface({ compute }: { compute: Compute }): DriverInterface {
  const find = ({ account }: Caller, name: string | undefined) => {
    const [, worker] = sandbox.exec(name?.toLowerCase() ?? '') ?? [];
    if (worker === undefined) throw new RequestError('not_found', 404, 'This node knows only the apps of workers by name: sandbox-NAME.');
    return appObject({ worker, owner: account.address });
  };
  const methods: Record<string, DriverMethod> = {
    read: method(z.object({ id: z.object({ name: z.string().max(256) }) }), async (caller, { id }) => find(caller, id.name)),
    create: method(z.object({ object: z.object({ name: z.string().max(256) }) }), async (caller, { object }) => find(caller, object.name)),
    select: method(z.object({}), async ({ account }) => ({
      items: (await compute.workers.list(account.address)).map(({ name }) => appObject({ worker: name, owner: account.address })),
    })),
  };
  return { name: 'puter-apps', driver: 'es:app', methods: new Map(Object.entries(methods)) };
}

function appObject({ worker, owner }: { worker: string; owner: Caller['account']['address'] }) {
  const name = `sandbox-${worker}`;
  return {
    uid: appOfWorker(worker),
    name,
    title: name,
    description: null,
    icon: null,
    index_url: 'https://worker-sandbox.puter.com/',
    background: true,
    maximize_on_start: false,
    godmode: false,
    is_private: true,
    protected: false,
    approved_for_listing: false,
    approved_for_opening_items: false,
    approved_for_incentive_program: false,
    metadata: null,
    filetype_associations: [],
    created_from_origin: null,
    stats: null,
    owner: { username: owner, uuid: uuidOfAccount(owner) },
  };
}
