/** The part of the WebAssembly JavaScript interface that host processes use; TypeScript has it in the browser's library only. */
declare namespace WebAssembly {
  type Imports = Record<string, Record<string, unknown>>;
  type Module = object;
  const Module: new (bytes: Uint8Array<ArrayBuffer>) => Module;
  class Instance {
    readonly exports: Record<string, unknown>;
    constructor(module: Module, imports: Imports);
  }
  class Memory {
    readonly buffer: ArrayBuffer;
    /** In pages of 64 KiB. */
    constructor(limits: { initial: number; maximum: number });
  }
  /** Of type i64. */
  class Global {
    value: bigint;
  }
  class LinkError extends Error {}
  class CompileError extends Error {}
}
