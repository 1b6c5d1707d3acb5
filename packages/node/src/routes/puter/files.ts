import type { Drive } from '@freehold/drive';
import { copyRoute, moveRoute } from './copy-move.ts';
import { deleteRoute } from './delete.ts';
import { describingRoutes } from './describing.ts';
import { wholeDriveRoutes } from './drive.ts';
import { mkdirRoute } from './mkdir.ts';
import { readdirRoutes } from './readdir.ts';
import { readRoute } from './read.ts';
import { statRoute } from './stat.ts';

/** Puter's file system, but for uploads and signatures. */
export const fileRoutes = ({ drive, now }: { drive: Drive; now: () => number }) => [
  statRoute(drive),
  ...readdirRoutes(drive),
  mkdirRoute(drive),
  copyRoute(drive),
  moveRoute(drive),
  ...describingRoutes(drive),
  deleteRoute(drive),
  readRoute(drive),
  ...wholeDriveRoutes(drive, now),
];
