import type { LateHead, ReadHead, ReadyHead, ResultHead, SentChange, WasmReason } from './job.ts';
import type { MountChange, WasmMount } from './mount.ts';

const reasons = ['exit', 'trap', 'memory', 'fuel', 'output', 'invalid'] as const satisfies WasmReason[];

/** Reads what a host process says of a job. A guest may have taken the process over, so nothing else than this gets through. */
export function readResultHead(head: unknown): ResultHead {
  const found = toRecord(head);
  const reason = reasons.find((reason) => reason === found['reason']);
  if (reason === undefined) throw new Error('a result without a known reason');
  const { trap, results, changes, fuel } = found;
  return {
    id: toNumber(found['id']),
    reason,
    exitCode: toNumber(found['exitCode']),
    wallUs: toNumber(found['wallUs']),
    cpuUs: toNumber(found['cpuUs']),
    maxRssBytes: toNumber(found['maxRssBytes']),
    processCpuMs: toNumber(found['processCpuMs']),
    stdoutBytes: toNumber(found['stdoutBytes']),
    stderrBytes: toNumber(found['stderrBytes']),
    ...(fuel === undefined ? {} : { fuel: toNumber(fuel) }),
    ...(typeof trap === 'string' ? { trap: trap.slice(0, 1000) } : {}),
    ...(Array.isArray(results) ? { results: results.map(String) } : {}),
    ...(Array.isArray(changes) ? { changes: changes.map(readChanges) } : {}),
  };
}

/** A host asks for blocks of a content (`wasi/volume.ts`); one that asks for more at once wants the server's memory. */
const mostRead = 1024 * 1024;

export function readReadHead(head: unknown): ReadHead {
  const { content, offset, length } = toRecord(head);
  if (typeof content !== 'string' || !Number.isSafeInteger(offset) || toNumber(length) > mostRead)
    throw new Error('a request for too much');
  return { content, offset: toNumber(offset), length: toNumber(length) };
}

function readChanges(list: unknown): SentChange[] {
  if (!Array.isArray(list)) throw new Error('changes that are not a list');
  return list.map(readChange);
}

function readChange(value: unknown): SentChange {
  const found = toRecord(value);
  const path = toPath(found['path']);
  const from = found['from'] === undefined ? {} : { from: toPath(found['from']) };
  const { type, target, content } = found;
  if (type === 'remove') return { type, path };
  if (type === 'folder') return { type, path, ...from };
  if (type === 'symlink' && typeof target === 'string') return { type, path, ...from, target };
  if (type !== 'file') throw new Error('a change of an unknown kind');
  if (typeof content === 'string') return { type, path, ...from, size: toNumber(found['size']), content };
  return { type, path, ...from, length: toNumber(found['length']) };
}

/** A path within a mount: names that are none of "", "." and "..". */
function toPath(value: unknown): string {
  if (typeof value !== 'string' || value.length > 65_536 || value.includes('\0') || value.split('/').some((name) => /^\.{0,2}$/.test(name)))
    throw new Error('a path that leads out of its folder');
  return value;
}

/** Puts the changes and their bytes together, and refuses those of a folder that was given to be read only, or of contents that were not given. */
export function toChanges(sent: readonly SentChange[][], bytes: Uint8Array, mounts: readonly WasmMount[]): MountChange[][] {
  let used = 0;
  return mounts.map(({ writable, entries }, index) => {
    const changes = sent[index] ?? [];
    if (!writable && changes.length > 0) throw new Error('changes of a folder that it may not change');
    const contents = new Set(entries.map((entry) => (entry.type === 'file' ? entry.content : undefined)));
    return changes.map((change) => {
      if (!('length' in change)) {
        if ('content' in change && !contents.has(change.content)) throw new Error('a content that it was not given');
        return change;
      }
      const { length, ...rest } = change;
      const portion = bytes.subarray(used, (used += length));
      if (portion.length !== length) throw new Error('less bytes than its changes say');
      return { ...rest, bytes: portion };
    });
  });
}

export function readLateHead(head: unknown): LateHead {
  return { id: toNumber(toRecord(head)['id']) };
}

export function readReadyHead(head: unknown): ReadyHead {
  return { processCpuMs: toNumber(toRecord(head)['processCpuMs']) };
}

function toRecord(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) throw new Error('a message that is not an object');
  return { ...value };
}

function toNumber(value: unknown): number {
  if (typeof value !== 'number' || !(value >= 0)) throw new Error('a message without a number where one belongs');
  return value;
}
