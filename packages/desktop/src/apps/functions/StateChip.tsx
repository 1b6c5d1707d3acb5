import type { OfferSummary } from '@freehold/protocol';
import css from './FunctionsApp.module.css';

const words: Record<OfferSummary['state'], string> = {
  live: 'On sale',
  expired: 'Expired',
  withdrawn: 'Withdrawn',
  unavailable: 'Cannot run here',
};

export function StateChip({ state }: { state: OfferSummary['state'] }) {
  return (
    <span className={css.chip} data-state={state}>
      {words[state]}
    </span>
  );
}
