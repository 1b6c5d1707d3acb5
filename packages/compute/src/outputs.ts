import { hash as digest, randomUUID } from 'node:crypto';
import { mkdir, open, opendir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from './native/log.ts';
import type { Store } from './store.ts';
import type { StoredStream, TaskRow } from './store/tasks.ts';

export type OutputsOptions = {
  store: Store;
  directory: string;
  /** Bytes that the outputs of all tasks may take; those that were used least lately make room. */
  limitBytes: number;
  now: () => number;
  log: Log;
};

export type Outputs = ReturnType<typeof openOutputs>;

/** Streams up to this size are kept in the row of their task, so that a small result is one read. */
const inlineBytes = 16 * 1024;
const sweepEveryMs = 60_000;
const pageSize = 200;
/** How long a file that was just added is held, so that a sweep which read the rows before does not take it. */
const holdMs = 5_000;
/** A file that is still being written after this long was left behind by a crash. */
const writingMs = 3_600_000;
/** After a sweep for room there is room for this share more. */
const slack = 0.1;
/** Rows of tasks that nobody paid for are history that ends. */
const historyMs = 90 * 86_400_000;

/**
 * What tasks wrote. Large streams are files named by their sha256, equal ones one file; each is complete and on the disk before
 * its row says so, and a row lets go of it before it is deleted.
 */
export function openOutputs({ store, directory, limitBytes, now, log }: OutputsOptions) {
  const held = new Map<string, number>();
  const removing = new Map<string, Promise<void>>();
  const used = new Map<string, number>();
  let kept = 0;
  let sweeping: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  const stopping = new AbortController();

  const fileOf = (hash: string) => join(directory, hash.slice(0, 2), hash);

  async function keep(bytes: Buffer): Promise<StoredStream> {
    const sha256 = hashOf(bytes);
    if (bytes.length <= inlineBytes) return { size: bytes.length, sha256, inline: bytes, keptBytes: bytes.length };
    held.set(sha256, (held.get(sha256) ?? 0) + 1);
    await removing.get(sha256);
    const file = fileOf(sha256);
    const present = await stat(file).catch(() => undefined);
    if (present?.size !== bytes.length) await writeDurably(file, bytes);
    return { size: bytes.length, sha256, inline: null, keptBytes: bytes.length };
  }

  /** Its row is written, or will not be: from now on only rows protect the file. */
  function release({ sha256, inline }: StoredStream): void {
    if (inline !== null) return;
    setTimeout(() => {
      const count = (held.get(sha256) ?? 0) - 1;
      if (count > 0) held.set(sha256, count);
      else held.delete(sha256);
    }, holdMs).unref();
  }

  async function removeFile(hash: string): Promise<void> {
    if (held.has(hash)) return;
    const removal = rm(fileOf(hash), { force: true }).finally(() => removing.delete(hash));
    removing.set(hash, removal);
    await removal;
  }

  async function drop({ id, bytes }: { id: string; bytes: number }): Promise<void> {
    const unused = await store.dropOutputs(id);
    kept -= bytes;
    dropped(id);
    await Promise.all(unused.map(removeFile));
  }

  let dropped: (id: string) => void = () => {};

  async function sweep(): Promise<void> {
    const uses = new Map(used);
    used.clear();
    if (uses.size > 0) await store.touchTasks(uses);
    let count = 0;
    for (let page; !stopping.signal.aborted; count += page.length) {
      page = await store.droppable({ expiredAt: now() }, pageSize);
      for (const task of page) await drop(task);
      if (page.length < pageSize) break;
    }
    while (!stopping.signal.aborted && kept > limitBytes) {
      const target = limitBytes * (1 - slack);
      const page = await store.droppable({ leastUsed: true }, pageSize);
      for (const task of page) {
        if (kept <= target) break;
        await drop(task);
        count++;
      }
      if (page.length === 0) break;
    }
    if (!stopping.signal.aborted) await store.forgetTasks(now() - historyMs, pageSize);
    if (count > 0) log('compute.outputs.dropped', { tasks: count, keptBytes: kept });
  }

  function sweepNow(): Promise<void> {
    sweeping ??= sweep()
      .catch((error: unknown) => log('compute.outputs.sweep_failed', { message: error instanceof Error ? error.message : String(error) }))
      .finally(() => (sweeping = undefined));
    return sweeping;
  }

  /** Files that no row knows: a crash came between the two. */
  async function removeOrphans(): Promise<void> {
    const folders = await opendir(directory).catch(() => undefined);
    if (!folders) return;
    for await (const folder of folders) {
      if (!folder.isDirectory()) continue;
      for await (const { name } of await opendir(join(directory, folder.name))) {
        if (stopping.signal.aborted) return;
        if (held.has(name) || (await store.isOutputKept(name))) continue;
        // One that is being written has a name of its own, for a moment.
        if (name.startsWith('.') && now() - (await stat(join(directory, folder.name, name))).mtimeMs < writingMs) continue;
        await rm(join(directory, folder.name, name), { force: true });
      }
    }
  }

  return {
    /** Makes both streams durable; `release` them when the row of their task is written. */
    async add(stdout: Buffer, stderr: Buffer) {
      const first = await keep(stdout);
      const second = await keep(stderr).catch((error: unknown) => {
        release(first);
        throw error;
      });
      const streams = { stdout: first, stderr: second };
      kept += stdout.length + stderr.length;
      return {
        ...streams,
        release() {
          release(streams.stdout);
          release(streams.stderr);
          if (kept > limitBytes && !stopping.signal.aborted) void sweepNow();
        },
      };
    },

    /** The streams of a task, each only while it is kept and when it is not on the disk of another node. */
    async read({ id, kept: isKept, stdout, stderr }: TaskRow): Promise<{ stdout?: Buffer | undefined; stderr?: Buffer | undefined }> {
      if (!isKept) return {};
      const inline = await store.inlineOutput(id);
      if (!inline) return {};
      const [out, errors] = await Promise.all([inline.stdout ?? readWhole(stdout.sha256), inline.stderr ?? readWhole(stderr.sha256)]);
      return { stdout: out, stderr: errors };
    },

    /** For the history alone: what is small is kept, of the rest its size and hash. `stdout` may have been given out as it came. */
    summarise(stdout: Buffer, stderr: Buffer, sent: { sha256: string; isWhole: boolean } | undefined) {
      const brief = (bytes: Buffer, sha256 = hashOf(bytes), isWhole = true): StoredStream => {
        const inline = isWhole && bytes.length <= inlineBytes ? bytes : null;
        return { size: bytes.length, sha256, inline, keptBytes: inline?.length ?? 0 };
      };
      const streams = { stdout: brief(stdout, sent?.sha256, sent?.isWhole), stderr: brief(stderr) };
      kept += streams.stdout.keptBytes + streams.stderr.keptBytes;
      return streams;
    },

    /** Notes that a result was given out: it is kept longer than others. */
    use(id: string): void {
      used.set(id, now());
    },

    /** Bytes of outputs that are kept. */
    get bytes() {
      return kept;
    },

    /** `onDropped` hears of every task whose outputs go. */
    async start(onDropped: (id: string) => void): Promise<void> {
      dropped = onDropped;
      kept = await store.keptBytes();
      timer = setInterval(() => void sweepNow(), sweepEveryMs).unref();
      void removeOrphans()
        .then(sweepNow)
        .catch((error: unknown) => log('compute.outputs.sweep_failed', { message: String(error) }));
    },

    sweep: sweepNow,

    async stop(): Promise<void> {
      stopping.abort();
      clearInterval(timer);
      await sweeping;
    },
  };

  /** The bytes of a file, checked against its name, so that a damaged disk never speaks for a program. */
  async function readWhole(hash: string | null): Promise<Buffer | undefined> {
    if (hash === null) return undefined;
    const bytes = await readFile(fileOf(hash)).catch(() => undefined);
    if (bytes && hashOf(bytes) !== hash) {
      log('compute.outputs.damaged', { sha256: hash });
      return undefined;
    }
    return bytes;
  }
}

const hashOf = (bytes: Buffer): string => (bytes.length === 0 ? hashOfNothing : digest('sha256', bytes));
const hashOfNothing = digest('sha256', '');

async function writeDurably(path: string, bytes: Buffer): Promise<void> {
  const folder = join(path, '..');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const temporary = join(folder, `.${randomUUID()}`);
  const file = await open(temporary, 'wx', 0o600);
  try {
    await file.writeFile(bytes);
    await file.datasync();
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  const directory = await open(folder);
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
