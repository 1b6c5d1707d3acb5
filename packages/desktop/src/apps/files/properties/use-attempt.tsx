import { useState, type ReactNode } from 'react';
import { messageOf } from '../../../api/error.ts';
import { Note } from '../../../components/Note.tsx';
import css from './Properties.module.css';

/** Does something and says below what came of it: a dialog lies over the messages of the desktop. */
export function useAttempt(): {
  isBusy: boolean;
  note: ReactNode;
  attempt: (work: () => Promise<unknown>, done?: string) => Promise<void>;
} {
  const [isBusy, setBusy] = useState(false);
  const [outcome, setOutcome] = useState<{ tone: 'good' | 'problem'; text: string } | null>(null);
  return {
    isBusy,
    note: (
      <div role="status" aria-label="What was done" className={css.outcome}>
        {outcome && <Note tone={outcome.tone}>{outcome.text}</Note>}
      </div>
    ),
    async attempt(work, done) {
      setBusy(true);
      try {
        await work();
        setOutcome(done === undefined ? null : { tone: 'good', text: done });
      } catch (error) {
        setOutcome({ tone: 'problem', text: messageOf(error) });
      } finally {
        setBusy(false);
      }
    },
  };
}
