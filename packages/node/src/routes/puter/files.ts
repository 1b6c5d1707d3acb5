import type { Drive } from '@freehold/drive';
import type { Causes } from '../../sockets/causes.ts';
import { causing } from './causing.ts';
import { batchRoute } from './batch.ts';
import { copyRoute, moveRoute } from './copy-move.ts';
import { deleteRoute } from './delete.ts';
import { describingRoutes } from './describing.ts';
import { wholeDriveRoutes } from './drive.ts';
import { mkdirRoute } from './mkdir.ts';
import { readdirRoutes } from './readdir.ts';
import { readRoute } from './read.ts';
import { signedUploadRoutes } from './signed-upload.ts';
import { statRoute } from './stat.ts';
import type { Publish } from './upload-progress.ts';

/** Puter's file system. `publish` tells the sockets of an account how far an upload is. */
export const fileRoutes = ({ drive, now, causes, publish }: { drive: Drive; now: () => number; causes: Causes; publish: Publish }) => [
  statRoute(drive),
  ...readdirRoutes(drive),
  ...[mkdirRoute(drive), copyRoute(drive), moveRoute(drive), ...describingRoutes(drive)].map((each) => causing(each, causes)),
  deleteRoute(drive, causes),
  readRoute(drive),
  ...wholeDriveRoutes(drive, now),
  batchRoute({ drive, causes, publish }),
  ...signedUploadRoutes({ drive, causes }),
];
