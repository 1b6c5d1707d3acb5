import type { TaskSummary } from '@freehold/protocol';

/** Why a call ended, for its seller. */
const reasons: Record<string, string> = {
  exit: 'Ended with an error',
  signal: 'Crashed',
  wall: 'Took too long',
  cpu: 'Used too much processor time',
  memory: 'Used too much memory',
  output: 'Wrote too much',
  trap: 'Trapped',
  killed: 'Stopped by the node',
  fuel: 'Ran too many instructions',
  invalid: 'Gave an answer that is not valid',
  spawn: 'Could not be started',
};

export function describeTask({ state, reason }: Pick<TaskSummary, 'state' | 'reason'>): string {
  if (state === 'waiting') return 'Waits for its turn';
  if (state === 'running') return 'Running';
  if (state === 'done') return 'Answered';
  return reason === null ? 'Failed' : reasonWords(reason);
}

export const reasonWords = (reason: string): string => reasons[reason] ?? reason;

/** Microseconds as people read them. */
export function formatMicroseconds(value: number | null): string {
  if (value === null) return '';
  if (value < 1000) return `${value} µs`;
  if (value < 1_000_000) return `${(value / 1000).toFixed(value < 10_000 ? 1 : 0)} ms`;
  return `${(value / 1_000_000).toFixed(1)} s`;
}
