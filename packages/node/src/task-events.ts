import type { TaskChange } from '@freehold/compute';
import type { ServerEvent } from '@freehold/protocol';

const everyMs = 250;

/** Tells sellers when their tasks start and end: each batch run at once, short calls summed up, since there may be thousands a second. */
export function openTaskEvents({ publish }: { publish: (event: ServerEvent, to: string) => void }) {
  const counts = new Map<string, { owner: string; started: number; ended: number }>();
  let timer: NodeJS.Timeout | undefined;

  function tell() {
    timer = undefined;
    for (const [offer, { owner, started, ended }] of counts) publish({ type: 'tasks', offer, started, ended }, owner);
    counts.clear();
  }

  return function hear({ id, offer, owner, state, isDetached }: TaskChange): void {
    if (isDetached) publish({ type: 'task', offer, task: id, state }, owner);
    if (state === 'waiting') return;
    const count = counts.get(offer) ?? { owner, started: 0, ended: 0 };
    counts.set(offer, count);
    if (state === 'running') count.started++;
    else count.ended++;
    timer ??= setTimeout(tell, everyMs).unref();
  };
}
