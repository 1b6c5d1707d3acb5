export { openComponentPool } from './component/pool.ts';
export { inspectWasm } from './inspect.ts';
export type { WasmInspection } from './inspect.ts';
export type { WasmCall, WasmCommand, WasmJob, WasmLimits, WasmProgram, WasmReason, WasmResult } from './job.ts';
export type { MountChange, MountEntry, WasmMount, WasmMounts } from './mount.ts';
export { openWasmPool } from './pool.ts';
export type { WasmPool } from './pool.ts';
