import type { Compute } from '@freehold/compute';
import type { Drive, KeyValue } from '@freehold/drive';
import type { Identity } from '@freehold/identity';
import type { Causes } from '../../sockets/causes.ts';
import { accountRoutes } from './account.ts';
import { authRoutes } from './auth.ts';
import { driverRoutes } from './drivers.ts';
import { fileRoutes } from './files.ts';
import { keyValueInterface } from './keyvalue.ts';
import { sdkRoutes } from './sdk.ts';
import { signatureRoutes } from './signatures.ts';
import { shareRoutes } from './share.ts';
import type { Publish } from './upload-progress.ts';
import { workerAppsInterface } from './worker-apps.ts';
import { workersInterface } from './workers.ts';

/** What Puter's SDK calls, under Puter's own paths. */
export const puterRoutes = (deps: {
  identity: Identity;
  drive: Drive;
  compute: Compute;
  keyValue: KeyValue;
  causes: Causes;
  publish: Publish;
  startedAt: number;
  now: () => number;
}) => [
  ...accountRoutes(deps),
  ...authRoutes(deps),
  ...fileRoutes(deps),
  ...shareRoutes(deps),
  ...signatureRoutes(deps),
  ...sdkRoutes(),
  ...driverRoutes([keyValueInterface(deps.keyValue), workersInterface(deps), workerAppsInterface(deps)]),
];
