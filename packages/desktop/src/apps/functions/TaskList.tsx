import type { TaskSummary, Token } from '@freehold/protocol';
import { useState } from 'react';
import { Button } from '../../components/Button.tsx';
import { CopyButton } from '../../components/CopyButton.tsx';
import { Dialog } from '../../components/Dialog.tsx';
import { formatMoment } from '../../components/format.ts';
import { formatMoney } from './money.ts';
import { describeTask, formatMicroseconds } from './task-words.ts';
import css from './OfferDetails.module.css';

type Props = { tasks: readonly TaskSummary[]; token: Token | null; hasMore: boolean; onMore: () => void };

/** The calls of one function, newest first. */
export function TaskList({ tasks, token, hasMore, onMore }: Props) {
  const [receipt, setReceipt] = useState<TaskSummary['receipt']>(null);
  return (
    <section className={css.tasks} aria-label="Recent calls">
      <h4>Recent calls</h4>
      {tasks.length === 0 && <p>Nobody has called it yet. Share its address, or try it yourself.</p>}
      <ul>
        {tasks.map((task) => (
          <li key={task.id} data-state={task.state}>
            <span className={css.dot} aria-hidden="true" />
            <div>
              <b>{describeTask(task)}</b>
              <small>{[formatMoment(task.startedAt), formatMicroseconds(task.wallUs)].filter(Boolean).join(' · ')}</small>
            </div>
            <span className={css.paid}>{task.paid === '0' ? 'Free' : formatMoney(task.paid, token)}</span>
            {task.receipt && (
              <button type="button" className={css.receipt} onClick={() => setReceipt(task.receipt)}>
                Receipt
              </button>
            )}
          </li>
        ))}
      </ul>
      {hasMore && <Button onClick={onMore}>Show more</Button>}
      {receipt && (
        <Dialog
          title="Receipt"
          onClose={() => setReceipt(null)}
          footer={
            <CopyButton text={JSON.stringify(receipt)} label="Copy receipt">
              Copy receipt
            </CopyButton>
          }
        >
          <p>The node’s signature over what was run, for whom, at what price and with which result.</p>
          <pre className={css.json} tabIndex={0}>
            {JSON.stringify(receipt, null, 2)}
          </pre>
        </Dialog>
      )}
    </section>
  );
}
