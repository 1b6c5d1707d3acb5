import type { LiveTasks } from '@freehold/protocol';
import { useState } from 'react';
import { Button } from '../../components/Button.tsx';
import { formatBytes, formatMoment } from '../../components/format.ts';
import { useServices } from '../../services.ts';
import css from './OfferDetails.module.css';

/** What waits and runs now, each with a way to stop it. */
export function LiveRuns({ runs, onStopped }: { runs: LiveTasks['tasks']; onStopped: () => void }) {
  const { api, toasts } = useServices();
  const [stopping, setStopping] = useState<ReadonlySet<string>>(new Set());

  const stop = async (id: string) => {
    setStopping((current) => new Set([...current, id]));
    try {
      await api.functions.stop(id);
      toasts.say('The run is stopped. Nothing is charged for it.');
    } catch (error) {
      toasts.fail(error);
    }
    onStopped();
  };

  if (runs.length === 0) return null;
  return (
    <section className={css.tasks} aria-label="Running now">
      <h4>Running now</h4>
      <ul>
        {runs.map(({ id, state, since, stdoutBytes }) => (
          <li key={id} data-state={state}>
            <span className={css.dot} aria-hidden="true" />
            <div>
              <b>{state === 'waiting' ? 'Waits for its turn' : 'Running'}</b>
              <small>
                since {formatMoment(since)}
                {stdoutBytes > 0 && ` · ${formatBytes(stdoutBytes)} written`}
              </small>
            </div>
            <Button disabled={stopping.has(id)} onClick={() => void stop(id)}>
              Stop
            </Button>
          </li>
        ))}
      </ul>
    </section>
  );
}
