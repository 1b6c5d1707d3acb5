import type { EarningsReport } from '@freehold/protocol';
import { useCallback, useEffect, useState } from 'react';
import { messageOf } from '../../api/error.ts';
import { useServices } from '../../services.ts';

type State = { report: EarningsReport | null; problem: string | null };

/** A burst of sales is shown together. */
const gatherMs = 250;

/** What the account earned in so many days, kept true by the node's events. */
export function useEarnings(days: number): State & { reload: () => void } {
  const { api, events } = useServices();
  const [state, setState] = useState<State>({ report: null, problem: null });

  const reload = useCallback(async () => {
    try {
      const report = await api.functions.report(days);
      setState({ report, problem: null });
    } catch (error) {
      setState((current) => ({ ...current, problem: messageOf(error) }));
    }
  }, [api, days]);

  useEffect(() => {
    let pending: ReturnType<typeof setTimeout> | undefined;
    void reload();
    const unsubscribe = events.subscribe(({ type }) => {
      if (type !== 'sale' && type !== 'unpaid' && type !== 'resumed') return;
      clearTimeout(pending);
      pending = setTimeout(() => void reload(), gatherMs);
    });
    return () => {
      unsubscribe();
      clearTimeout(pending);
    };
  }, [events, reload]);

  return { ...state, reload: () => void reload() };
}
