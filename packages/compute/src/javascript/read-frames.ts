import type { AskHead, PartHead, ResultHead } from './job.ts';

const reasons = ['exit', 'output', 'invalid'] as const satisfies ResultHead['reason'][];

/** Reads what a host process says of a call. A guest may have taken the process over, so nothing else than this gets through. */
export function readResult(head: unknown): ResultHead {
  const found = toRecord(head);
  const reason = reasons.find((reason) => reason === found['reason']);
  if (reason === undefined) throw new Error('a result without a known reason');
  const { message } = found;
  return {
    reason,
    exitCode: toNumber(found['exitCode']),
    wallUs: toNumber(found['wallUs']),
    cpuUs: toNumber(found['cpuUs']),
    ...(typeof message === 'string' && { message: message.slice(0, 1000) }),
  };
}

export function readAsk(head: unknown): AskHead {
  const found = toRecord(head);
  const { service } = found;
  if (typeof service !== 'string') throw new Error('something asked of nobody');
  return { id: toNumber(found['id']), service, head: found['head'] };
}

export const readPart = (head: unknown): PartHead => ({ id: toNumber(toRecord(head)['id']) });

export const readReady = (head: unknown): { processCpuMs: number } => ({ processCpuMs: toNumber(toRecord(head)['processCpuMs']) });

function toRecord(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) throw new Error('a message that is not an object');
  return { ...value };
}

function toNumber(value: unknown): number {
  if (typeof value !== 'number' || !(value >= 0)) throw new Error('a message without a number where one belongs');
  return value;
}
