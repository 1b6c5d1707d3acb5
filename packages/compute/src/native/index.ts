export { prepareRunner } from './binary.ts';
export type { PreparedRunner } from './binary.ts';
export { refusedExitCode, spawnLocked } from './locked.ts';
export type { LockedOptions } from './locked.ts';
