import type { OfferStatistics } from '@freehold/protocol';
import { reasonWords, formatMicroseconds } from './task-words.ts';
import css from './OfferDetails.module.css';

const percent = new Intl.NumberFormat(undefined, { style: 'percent', maximumFractionDigits: 0 });

/** How a function did in the last thirty days. */
export function Statistics({ statistics }: { statistics: OfferStatistics }) {
  const { calls, cachedShare, p50Us, p95Us, failures } = statistics;
  const failed = Object.values(failures).reduce((sum, count) => sum + count, 0);
  const facts: readonly [string, string][] = [
    ['Calls', calls.toLocaleString()],
    ['From the cache', calls === 0 ? '–' : percent.format(cachedShare)],
    ['Failed', failed.toLocaleString()],
    ['Half ran within', formatMicroseconds(p50Us) || '–'],
    ['95 of 100 within', formatMicroseconds(p95Us) || '–'],
  ];
  return (
    <section className={css.tasks} aria-label="The last thirty days">
      <h4>The last thirty days</h4>
      <dl className={css.facts}>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {failed > 0 && (
        <p>
          {Object.entries(failures)
            .map(([reason, count]) => `${reasonWords(reason)}: ${count.toLocaleString()}`)
            .join(' · ')}
        </p>
      )}
    </section>
  );
}
