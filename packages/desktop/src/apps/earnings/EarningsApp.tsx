import { networkLabel, type EarningsReport, type EarningsSum, type Token } from '@freehold/protocol';
import { useState } from 'react';
import { Button } from '../../components/Button.tsx';
import { EmptyState } from '../../components/EmptyState.tsx';
import { formatCount, formatMoment } from '../../components/format.ts';
import { shortAddress } from '../../components/short-address.ts';
import { Icon } from '../../icons.tsx';
import { useServices } from '../../services.ts';
import { formatMoney } from '../functions/money.ts';
import { barsOf } from './chart.ts';
import { failureWords } from './failure-words.ts';
import { useEarnings } from './use-earnings.ts';
import css from './EarningsApp.module.css';

const periods = [7, 30, 90] as const;

/** What the account's functions earned, and what became of the rest. */
export function EarningsApp() {
  const { windows } = useServices();
  const [days, setDays] = useState<number>(30);
  const { report, problem, reload } = useEarnings(days);
  if (!report && problem !== null)
    return (
      <EmptyState icon="alert" title="Your earnings did not load" action={<Button onClick={reload}>Try again</Button>}>
        {problem}
      </EmptyState>
    );
  if (!report) return null;
  const isEmpty = [report.settled, report.exposure, report.failures, report.released].every((list) => list.length === 0);
  if (isEmpty)
    return (
      <EmptyState
        icon="coins"
        title="Nothing earned yet"
        action={
          <Button kind="primary" icon="functions" onClick={() => windows.reveal({ app: 'functions' })}>
            Open Functions
          </Button>
        }
      >
        When somebody pays for a call of one of your functions, it is counted here: by function, by payer and by day.
      </EmptyState>
    );
  return (
    <div className={css.earnings}>
      <header className={css.head}>
        <div className={css.total} role="group" aria-label="Earned in all">
          <span>Earned in all</span>
          {report.settled.length === 0 && <b>Nothing yet</b>}
          {report.settled.map((sum) => (
            <b key={`${sum.network} ${sum.asset}`}>
              {moneyOf(report, sum)} <small>{placeOf(report, sum)}</small>
            </b>
          ))}
        </div>
        <div className={css.tools}>
          <label>
            <span className="visually-hidden">Period</span>
            <select value={days} onChange={(event) => setDays(Number(event.target.value))}>
              {periods.map((count) => (
                <option key={count} value={count}>
                  Last {count} days
                </option>
              ))}
            </select>
          </label>
          <a className={css.download} href="/api/earnings.csv" download="earnings.csv">
            <Icon name="download" size={18} />
            Download CSV
          </a>
        </div>
      </header>
      <div className={css.scroll} tabIndex={0} role="region" aria-label="Earnings in detail">
        <Days report={report} days={days} />
        <Facts report={report} days={days} />
        <Failures report={report} />
        <div className={css.tables}>
          <Table
            title="By function"
            first="Function"
            rows={report.offers.map((row) => ({ ...row, key: row.offer, label: row.name }))}
            report={report}
          />
          <Table
            title={`By payer, last ${days} days`}
            first="Payer"
            rows={report.payers.map((row) => ({ ...row, key: row.payer, label: shortAddress(row.payer), hint: row.payer }))}
            report={report}
          />
        </div>
      </div>
    </div>
  );
}

const tokenOf = ({ tokens }: EarningsReport, { network, asset }: Pick<EarningsSum, 'network' | 'asset'>): Token | null =>
  tokens.find((token) => token.network === network && token.asset === asset) ?? null;
const moneyOf = (report: EarningsReport, sum: EarningsSum): string => formatMoney(sum.amount, tokenOf(report, sum));
const placeOf = (report: EarningsReport, { network }: EarningsSum): string =>
  report.tokens.length > 1 ? `on ${networkLabel(network)}` : '';

/** The token that was earned most often: a chart adds up one kind of money. */
function Days({ report, days }: { report: EarningsReport; days: number }) {
  const [most] = report.settled.toSorted((a, b) => b.payments - a.payments);
  if (!most) return null;
  const bars = barsOf(report, most, days, Date.now());
  const best = bars.reduce((high, bar) => (bar.height > high.height ? bar : high));
  if (best.height === 0) return null;
  return (
    <figure className={css.days}>
      <figcaption>
        {tokenOf(report, most)?.symbol ?? 'Earned'} by day; the best was {best.day} with {moneyOf(report, { ...most, ...best })}
      </figcaption>
      <ol aria-label="Earned by day">
        {bars.map((bar) => (
          <li key={bar.day} title={`${bar.day}: ${moneyOf(report, { ...most, ...bar })}, ${formatCount(bar.payments, 'payment')}`}>
            <span className="visually-hidden">
              {bar.day}: {moneyOf(report, { ...most, ...bar })}
            </span>
            <i style={{ height: `${bar.height / 10}%` }} data-empty={bar.height === 0} aria-hidden="true" />
          </li>
        ))}
      </ol>
    </figure>
  );
}

function Facts({ report, days }: { report: EarningsReport; days: number }) {
  const facts = [
    { name: 'Pending', sums: report.pending, hint: 'Done, and on the way to the chain' },
    { name: 'At risk', sums: report.exposure, hint: 'Done or under way, and not on the chain yet' },
    { name: 'Failed', sums: report.failed, hint: `Done and never paid, last ${days} days` },
    { name: 'Not charged', sums: report.released, hint: `Given back because the call failed, last ${days} days` },
  ];
  return (
    <dl className={css.facts}>
      {facts.map(({ name, sums, hint }) => (
        <div key={name} data-problem={name === 'Failed' && sums.length > 0}>
          <dt>{name}</dt>
          <dd>
            {sums.length === 0 ? '–' : sums.map((sum) => <span key={`${sum.network} ${sum.asset}`}>{moneyOf(report, sum)}</span>)}
            <small>{sums.length === 0 ? hint : `${formatCount(count(sums), 'payment')}. ${hint}`}</small>
          </dd>
        </div>
      ))}
    </dl>
  );
}

const count = (sums: readonly EarningsSum[]): number => sums.reduce((all, { payments }) => all + payments, 0);

function Failures({ report }: { report: EarningsReport }) {
  if (report.failures.length === 0) return null;
  return (
    <section className={css.failures} aria-label="Payments that failed">
      <h3>Payments that failed</h3>
      <p>
        The work was done and is not paid. Its result was withheld, unless a chain took the payment back later; the same payment, sent again
        with money behind it, gets it.
      </p>
      <ul>
        {report.failures.map((payment) => (
          <li key={payment.id}>
            <b>{moneyOf(report, { ...payment, payments: 1 })}</b>
            <span>
              from <code title={payment.payer}>{shortAddress(payment.payer)}</code>: {failureWords(payment.reason ?? '')}
            </span>
            <small>{formatMoment(payment.reservedAt)}</small>
          </li>
        ))}
      </ul>
    </section>
  );
}

type Line = EarningsSum & { key: string; label: string; hint?: string };

function Table({ title, first, rows, report }: { title: string; first: string; rows: readonly Line[]; report: EarningsReport }) {
  if (rows.length === 0) return null;
  return (
    <table className={css.table}>
      <caption>{title}</caption>
      <thead>
        <tr>
          <th scope="col">{first}</th>
          <th scope="col">Payments</th>
          <th scope="col">Earned</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={`${row.key} ${row.network} ${row.asset}`}>
            <th scope="row" title={row.hint}>
              {row.label}
            </th>
            <td>{row.payments.toLocaleString()}</td>
            <td>
              {moneyOf(report, row)} <small>{placeOf(report, row)}</small>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
