import type { ReadyHead, ResultHead, WasmReason } from './job.ts';

const reasons = ['exit', 'trap', 'memory', 'output', 'invalid'] as const satisfies WasmReason[];

/** Reads what a host process says of a job. A guest may have taken the process over, so nothing else than this gets through. */
export function readResultHead(head: unknown): ResultHead {
  const found = toRecord(head);
  const reason = reasons.find((reason) => reason === found['reason']);
  if (reason === undefined) throw new Error('a result without a known reason');
  const { trap, results } = found;
  return {
    reason,
    exitCode: toNumber(found['exitCode']),
    wallUs: toNumber(found['wallUs']),
    cpuUs: toNumber(found['cpuUs']),
    maxRssBytes: toNumber(found['maxRssBytes']),
    processCpuMs: toNumber(found['processCpuMs']),
    stdoutBytes: toNumber(found['stdoutBytes']),
    ...(typeof trap === 'string' ? { trap: trap.slice(0, 1000) } : {}),
    ...(Array.isArray(results) ? { results: results.map(String) } : {}),
  };
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
