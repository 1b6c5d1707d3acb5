import type { WebClasses } from '../harden.ts';

/**
 * What the host hands to the first module of a guest's realm, which never hands it on. Only text, numbers and bytes cross; what
 * is bytes is copied, so that the guest meets its own realm's classes.
 */
export type RealmHost = {
  classes: WebClasses;
  abortSignal: typeof AbortSignal;
  subtle: typeof crypto.subtle;
  kind: 'program' | 'worker';
  args: readonly string[];
  env: Readonly<Record<string, string>>;
  services: readonly string[];
  /** Where the clocks stand, for a deterministic function. */
  fixedTime: number | undefined;
  /** Fills bytes of the guest. */
  random(target: Uint8Array): void;
  now(): number;
  /** Waits until it is handed on, when there is a queue. */
  write(bytes: Uint8Array): Promise<void> | undefined;
  log(text: string): void;
  /** The next of the input; undefined at its end. */
  pull(): Promise<Uint8Array | undefined>;
  setTimer(ms: number, id: number): void;
  clearTimer(id: number): void;
  /** The head is JSON. `next` answers undefined at the end. Rejects with a text. */
  ask(
    service: string,
    head: string,
    body: Uint8Array | undefined,
  ): Promise<{ head: string; next(): Promise<Uint8Array | undefined>; cancel(): void }>;
};

/** How a call ended. */
export type RealmEnd = { exitCode: number; invalid?: string };

/** What the first module of a realm answers. */
export type Realm = {
  /** Called when a timer is due. */
  onTimer(id: number): void;
  /** Tells of an error that nobody caught. */
  report(what: string, error: unknown): void;
  run(namespace: object): Promise<RealmEnd>;
};
