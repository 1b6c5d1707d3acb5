import type { Compute } from '@freehold/compute';
import type { Drive } from '@freehold/drive';
import type { BuiltInPrograms } from '../../built-in-programs.ts';
import type { Config } from '../../config.ts';
import { publicRoutes } from './public.ts';
import { storageRoutes } from './storage.ts';
import { versionRoutes } from './versions.ts';
import { wasmRoutes } from './wasm.ts';

/** The names under which PC2's clients look for versions, storage, public files and WebAssembly. */
export const pc2Routes = ({
  drive,
  compute,
  builtIn,
  version,
  config,
}: {
  drive: Drive;
  compute: Compute;
  builtIn: BuiltInPrograms;
  version: string;
  config: Pick<Config, 'quotaBytes'>;
}) => [
  ...versionRoutes(drive),
  ...storageRoutes({ drive, config }),
  ...publicRoutes({ drive, version }),
  ...wasmRoutes({ drive, compute, builtIn }),
];
