import type { MountChange, MountEntry } from '../wasm/index.ts';

/** What is in a folder of somebody's drive at one time, and the way back for what a program made of it. */
export type TakenFolder = {
  /** Parents before what they hold. */
  entries: MountEntry[];
  /** At most `length` bytes of a content of one of the entries. */
  read(content: string, offset: number, length: number): Promise<Uint8Array>;
  /** Makes the folder what the program left it as, all at once or not at all; throws, too, when others changed what it changed. */
  commit(changes: readonly MountChange[]): Promise<void>;
};

/** A folder for one run, within the rights of whoever asks for the run. `take` looks once; what happens to the folder later is not seen. */
export type Mount = {
  /** Where the program finds it: an absolute path of plain names, such as "/data". */
  path: string;
  mode: 'read' | 'write';
  take(): Promise<TakenFolder>;
};
