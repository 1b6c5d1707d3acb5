import type { OfferSummary, Token } from '@freehold/protocol';
import { useState } from 'react';
import { Button, IconButton } from '../../components/Button.tsx';
import { ConfirmDialog } from '../../components/ConfirmDialog.tsx';
import { Note } from '../../components/Note.tsx';
import { useServices } from '../../services.ts';
import { namedUrl, terminalLine } from './call-example.ts';
import { CopyLine } from './CopyLine.tsx';
import { LiveRuns } from './LiveRuns.tsx';
import { formatMoney, formatPrice } from './money.ts';
import { OfferLog } from './OfferLog.tsx';
import { StateChip } from './StateChip.tsx';
import { Statistics } from './Statistics.tsx';
import { TaskList } from './TaskList.tsx';
import { TryIt } from './TryIt.tsx';
import { useActivity } from './use-activity.ts';
import css from './OfferDetails.module.css';

type Props = { summary: OfferSummary; token: Token | null; onClose: () => void; onChanged: () => void };

const mebibyte = 1024 * 1024;
const day = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' });

export function OfferDetails({ summary, token, onClose, onChanged }: Props) {
  const { api, toasts } = useServices();
  const [isWithdrawing, setWithdrawing] = useState(false);
  const { offer, state, refusal, earned } = summary;
  const { statistics, live, logs, tasks, hasMore, showMore, refresh } = useActivity(summary.id);
  const url = namedUrl(summary);

  const withdraw = async () => {
    try {
      await api.functions.withdraw(summary.id);
      toasts.say(`“${offer.name}” is withdrawn.`);
      onChanged();
    } catch (error) {
      toasts.fail(error);
    }
  };
  const facts: readonly [string, string][] = [
    ['Price a call', formatPrice(offer.prices[0]?.amount ?? '0', token)],
    ['Earned', formatMoney(earned, token)],
    [state === 'expired' ? 'Expired' : 'Expires', day.format(offer.expiresAt)],
    ['Memory', `${Math.round(offer.limits.memoryBytes / mebibyte)} MiB`],
    ['Time', `${offer.limits.wallMs / 1000} s`],
  ];
  return (
    <aside className={css.details} aria-label={`Details of ${offer.name}`}>
      <header>
        <h3>{offer.name}</h3>
        <StateChip state={state} />
        <IconButton icon="close" label="Close details" size={18} onClick={onClose} />
      </header>
      <div className={css.scroll}>
        {offer.description && <p>{offer.description}</p>}
        {refusal && <Note tone="caution">{refusal}</Note>}
        <CopyLine label="Address" text={url} />
        <CopyLine label="Call it from a terminal" text={terminalLine(summary)} />
        <dl className={css.facts}>
          {facts.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
        {state === 'live' && <TryIt summary={summary} onCalled={refresh} />}
        <LiveRuns runs={live} onStopped={refresh} />
        {statistics && (
          <>
            <Statistics statistics={statistics} />
            <TaskList tasks={tasks} token={token} hasMore={hasMore} onMore={showMore} />
          </>
        )}
        <OfferLog logs={logs} />
        {state !== 'withdrawn' && (
          <div className={css.end}>
            <Button icon="trash" onClick={() => setWithdrawing(true)}>
              Withdraw
            </Button>
          </div>
        )}
      </div>
      {isWithdrawing && (
        <ConfirmDialog
          title={`Withdraw “${offer.name}”?`}
          action="Withdraw"
          onClose={() => setWithdrawing(false)}
          onConfirm={() => void withdraw()}
        >
          <p>
            Its address stops working at once: new calls are refused, and calls that are running are finished. What it earned stays yours.
            It cannot be put back on sale; you would publish it again.
          </p>
        </ConfirmDialog>
      )}
    </aside>
  );
}
