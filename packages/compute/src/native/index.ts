export { prepareRunner, type PreparedRunner } from './binary.ts';
export { inspectElf, type ElfInfo } from './elf.ts';
export type { NativeLimits, NativeReason, NativeRequest, NativeResult } from './limits.ts';
export { spawnLocked, type LockedOptions } from './locked.ts';
export type { NativeTier, RunnerOptions } from './process.ts';
export type { NativeRunner } from './runner.ts';
export { openNativeSandbox, type NativeSandbox, type NativeSandboxOptions } from './sandbox.ts';
export type { SandboxCheck, SandboxProof } from './self-test.ts';
export type { NativeInput, RunOptions } from './slot.ts';
