import type { Drive } from '@freehold/drive';
import type { Causes } from '../../sockets/causes.ts';
import { causing } from './causing.ts';
import { copyRoute, moveRoute } from './copy-move.ts';
import { deleteRoute } from './delete.ts';
import { describingRoutes } from './describing.ts';
import { wholeDriveRoutes } from './drive.ts';
import { mkdirRoute } from './mkdir.ts';
import { readdirRoutes } from './readdir.ts';
import { readRoute } from './read.ts';
import { statRoute } from './stat.ts';

/** Puter's file system, but for uploads and signatures. */
export const fileRoutes = ({ drive, now, causes }: { drive: Drive; now: () => number; causes: Causes }) => [
  statRoute(drive),
  ...readdirRoutes(drive),
  ...[mkdirRoute(drive), copyRoute(drive), moveRoute(drive), ...describingRoutes(drive)].map((each) => causing(each, causes)),
  deleteRoute(drive, causes),
  readRoute(drive),
  ...wholeDriveRoutes(drive, now),
];
