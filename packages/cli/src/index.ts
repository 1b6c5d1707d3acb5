export { run } from './run.ts';
export type { Context } from './context.ts';
export { readSettings, type Settings } from './config.ts';
