import type { NodeInfo } from '@freehold/protocol';
import { useEffect } from 'react';
import { failureWords } from '../apps/earnings/failure-words.ts';
import { formatMoney } from '../apps/functions/money.ts';
import { shortAddress } from '../components/short-address.ts';
import { useServices } from '../services.ts';

/** Tells the person, wherever they are in the desktop, that a payment to them could not be settled. */
export function useUnpaidAlerts({ token }: Pick<NodeInfo, 'token'>): void {
  const { events, toasts, windows } = useServices();
  useEffect(
    () =>
      events.subscribe((event) => {
        if (event.type !== 'unpaid') return;
        const isOurs = token?.network === event.network && token.asset === event.asset;
        const sum = formatMoney(event.amount, isOurs ? token : null);
        toasts.say(`A payment of ${sum} from ${shortAddress(event.payer)} failed: ${failureWords(event.reason)}.`, {
          label: 'Earnings',
          run: () => windows.reveal({ app: 'earnings' }),
        });
      }),
    [events, toasts, windows, token],
  );
}
