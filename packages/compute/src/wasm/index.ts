export { inspectWasm, largestProgram } from './inspect.ts';
export type { WasmInspection } from './inspect.ts';
export type { WasmCall, WasmCommand, WasmJob, WasmLimits, WasmProgram, WasmReason, WasmResult } from './job.ts';
export { launchLocked } from './host-process.ts';
export { openWasmPool } from './pool.ts';
export type { WasmPool } from './pool.ts';
export { proveWasmSandbox } from './prove.ts';
export type { WasmProof } from './prove.ts';
