import type { Address, Earnings, OfferSummary } from '@freehold/protocol';
import { useCallback, useEffect, useState } from 'react';
import { messageOf } from '../../api/error.ts';
import { useServices } from '../../services.ts';

export type FunctionsState = {
  status: 'loading' | 'ready' | 'failed';
  problem: string | null;
  /** Newest first. */
  offers: readonly OfferSummary[];
  earnings: Earnings | null;
  /** Offers that have just sold a call. */
  fresh: ReadonlySet<string>;
};

/** A burst of sales is shown together. */
const gatherMs = 120;
const freshMs = 2400;

/** The offers of one seller with their calls and income, kept true by the node's events. */
export function useFunctions(seller: Address): FunctionsState & { reload: () => void } {
  const { api, events } = useServices();
  const [state, setState] = useState<FunctionsState>({
    status: 'loading',
    problem: null,
    offers: [],
    earnings: null,
    fresh: new Set(),
  });

  const reload = useCallback(async () => {
    try {
      const [all, earnings] = await Promise.all([api.functions.offers(), api.functions.earnings()]);
      const offers = all.filter(({ offer }) => offer.owner === seller).toSorted((a, b) => b.offer.createdAt - a.offer.createdAt);
      setState((current) => ({ ...current, status: 'ready', problem: null, offers, earnings }));
    } catch (error) {
      setState((current) => ({ ...current, status: current.status === 'ready' ? 'ready' : 'failed', problem: messageOf(error) }));
    }
  }, [api, seller]);

  useEffect(() => {
    const timers = new Set<ReturnType<typeof setTimeout>>();
    const later = (work: () => void, delay: number) => {
      const timer = setTimeout(() => {
        timers.delete(timer);
        work();
      }, delay);
      timers.add(timer);
      return timer;
    };
    let pending: ReturnType<typeof setTimeout> | undefined;
    const mark = (id: string, isFresh: boolean) =>
      setState((current) => ({
        ...current,
        fresh: new Set(isFresh ? [...current.fresh, id] : [...current.fresh].filter((other) => other !== id)),
      }));

    void reload();
    const unsubscribe = events.subscribe((event) => {
      if (event.type === 'sale') {
        mark(event.offer, true);
        later(() => mark(event.offer, false), freshMs);
      }
      if (event.type !== 'sale' && event.type !== 'offers' && event.type !== 'resumed') return;
      if (pending) clearTimeout(pending);
      pending = later(() => void reload(), gatherMs);
    });
    return () => {
      unsubscribe();
      for (const timer of timers) clearTimeout(timer);
    };
  }, [events, reload]);

  return { ...state, reload: () => void reload() };
}
