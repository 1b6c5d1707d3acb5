import type { Drive } from '@freehold/drive';
import type { Config } from '../../config.ts';
import { publicRoutes } from './public.ts';
import { storageRoutes } from './storage.ts';
import { versionRoutes } from './versions.ts';

/** The names under which PC2's clients look for versions, storage and public files. */
export const pc2Routes = ({ drive, version, config }: { drive: Drive; version: string; config: Pick<Config, 'quotaBytes'> }) => [
  ...versionRoutes(drive),
  ...storageRoutes({ drive, config }),
  ...publicRoutes({ drive, version }),
];
