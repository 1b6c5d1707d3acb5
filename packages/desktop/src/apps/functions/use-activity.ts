import type { LiveTasks, OfferLogs, OfferStatistics, TaskSummary } from '@freehold/protocol';
import { useCallback, useEffect, useState } from 'react';
import { useServices } from '../../services.ts';

export type Activity = {
  statistics: OfferStatistics | null;
  /** What waits and runs of this function now. */
  live: LiveTasks['tasks'];
  logs: OfferLogs['logs'];
  tasks: readonly TaskSummary[];
  /** Whether there is more history. */
  hasMore: boolean;
};

const none: Activity = { statistics: null, live: [], logs: [], tasks: [], hasMore: false };
const liveEveryMs = 2_000;

/** How one function does, kept true while it is looked at. */
export function useActivity(offer: string): Activity & { showMore: () => void; refresh: () => void } {
  const { api, events, toasts } = useServices();
  const [activity, setActivity] = useState<Activity>(none);
  const [next, setNext] = useState<string | null>(null);

  const refresh = useCallback(async () => {
    try {
      const [statistics, logs, page] = await Promise.all([
        api.functions.statistics(offer),
        api.functions.logs(offer),
        api.functions.history({ offer }),
      ]);
      setNext(page.next);
      setActivity((current) => ({ ...current, statistics, logs, tasks: page.tasks, hasMore: page.next !== null }));
    } catch (error) {
      toasts.fail(error);
    }
  }, [api, offer, toasts]);

  const showMore = async () => {
    if (next === null) return;
    try {
      const page = await api.functions.history({ offer, after: next });
      setNext(page.next);
      setActivity((current) => ({ ...current, tasks: [...current.tasks, ...page.tasks], hasMore: page.next !== null }));
    } catch (error) {
      toasts.fail(error);
    }
  };

  useEffect(() => {
    let isOpen = true;
    let known = '';
    const look = async () => {
      if (document.hidden) return;
      // A look that fails is followed by another.
      const tasks = await api.functions.live().catch(() => null);
      if (!isOpen || !tasks) return;
      const live = tasks.filter((task) => task.offer === offer);
      setActivity((current) => ({ ...current, live }));
      const ids = live.map(({ id }) => id).join();
      if (ids !== known) void refresh();
      known = ids;
    };
    void refresh();
    void look();
    const timer = setInterval(() => void look(), liveEveryMs);
    const unsubscribe = events.subscribe((event) => {
      if (event.type === 'sale' && event.offer === offer) void refresh();
    });
    return () => {
      isOpen = false;
      clearInterval(timer);
      unsubscribe();
    };
  }, [api, events, offer, refresh]);

  return { ...activity, showMore: () => void showMore(), refresh: () => void refresh() };
}
