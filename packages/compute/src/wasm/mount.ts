/** A folder that a WASI program is given: what is in it at the start, and whether it may be changed. */
export type WasmMount = {
  /** The absolute path under which the program finds it. "/" takes the place of the scratch folder. */
  path: string;
  /** When false, every change is refused with ROFS. */
  writable: boolean;
  /** All that is in it, parents before what they hold. */
  entries: MountEntry[];
};

/** `path` is relative to the mount: names joined by "/", none of them empty, "." or "..". */
export type MountEntry = { path: string; modifiedMs: number } & (
  | { type: 'folder' }
  | { type: 'symlink'; target: string }
  /** `content` is what the bytes are asked for by, when the program reads them. */
  | { type: 'file'; size: number; content: string }
);

/**
 * How a mount differs from what it was at the start, in its final state and not step by step: first everything that is gone,
 * the innermost first, then everything that is new or different, parents first. `from` says that it was found under that path
 * before, which is not its place any more. A file that was only moved or linked keeps its `content`; any other brings its bytes.
 */
export type MountChange =
  | { type: 'remove'; path: string }
  | { type: 'folder'; path: string; from?: string }
  | { type: 'symlink'; path: string; from?: string; target: string }
  | { type: 'file'; path: string; from?: string; size: number; content: string }
  | { type: 'file'; path: string; from?: string; bytes: Uint8Array };

/** The mounts of one job and where the contents of their files come from: only of those, whatever a guest asks for. */
export type WasmMounts = {
  folders: WasmMount[];
  /** At most `length` bytes from `offset`; fewer only where the content ends. */
  read(content: string, offset: number, length: number): Promise<Uint8Array>;
};
