import type { OfferLogs } from '@freehold/protocol';
import { formatMoment } from '../../components/format.ts';
import { describeTask } from './task-words.ts';
import css from './OfferDetails.module.css';

/** What the last runs had to say: why they failed, and what they wrote to standard error. */
export function OfferLog({ logs }: { logs: OfferLogs['logs'] }) {
  const spoke = logs.filter(({ stderr, message }) => stderr !== '' || message !== null);
  if (spoke.length === 0) return null;
  return (
    <details className={css.log}>
      <summary>Log of the last runs ({spoke.length})</summary>
      <ol>
        {spoke.map(({ task, startedAt, state, reason, message, stderr }) => (
          <li key={task}>
            <b>{describeTask({ state, reason })}</b> <small>{formatMoment(startedAt)}</small>
            {message && <p>{message}</p>}
            {stderr && (
              <pre className={css.json} tabIndex={0}>
                {stderr}
              </pre>
            )}
          </li>
        ))}
      </ol>
    </details>
  );
}
