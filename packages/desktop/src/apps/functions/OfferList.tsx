import type { OfferSummary, Token } from '@freehold/protocol';
import { CopyButton } from '../../components/CopyButton.tsx';
import { formatCount } from '../../components/format.ts';
import { stepFocus } from '../../components/step-focus.ts';
import { Icon } from '../../icons.tsx';
import { namedUrl } from './call-example.ts';
import { formatMoney, formatPrice } from './money.ts';
import { StateChip } from './StateChip.tsx';
import css from './FunctionsApp.module.css';

type Props = {
  offers: readonly OfferSummary[];
  token: Token | null;
  fresh: ReadonlySet<string>;
  selectedId: string | null;
  onSelect: (id: string) => void;
};

export function OfferList({ offers, token, fresh, selectedId, onSelect }: Props) {
  return (
    <ul className={css.list} aria-label="Your functions" onKeyDown={(event) => stepFocus(event, `.${css.pick}`)}>
      {offers.map((summary) => {
        const { id, offer, state, calls, earned } = summary;
        return (
          <li key={id} className={css.card} data-selected={id === selectedId} data-state={state}>
            <button
              type="button"
              className={css.pick}
              aria-label={`Details of ${offer.name}`}
              aria-pressed={id === selectedId}
              onClick={() => onSelect(id)}
            />
            <span className={css.badge} aria-hidden="true">
              <Icon name="functions" size={22} />
            </span>
            <div className={css.what}>
              <h3>{offer.name}</h3>
              {state !== 'live' && <StateChip state={state} />}
              <div className={css.url}>
                <code>{namedUrl(summary).replace(/^https?:\/\//, '')}</code>
                <CopyButton text={namedUrl(summary)} label={`Copy the address of ${offer.name}`} />
              </div>
            </div>
            <dl className={css.figures}>
              <div>
                <dt>Price</dt>
                <dd>{formatPrice(offer.prices[0]?.amount ?? '0', token)}</dd>
              </div>
              <div>
                <dt>Calls</dt>
                <dd data-fresh={fresh.has(id)} aria-label={formatCount(calls, 'call')}>
                  {calls.toLocaleString()}
                </dd>
              </div>
              <div>
                <dt>Earned</dt>
                <dd data-fresh={fresh.has(id)}>{formatMoney(earned, token)}</dd>
              </div>
            </dl>
          </li>
        );
      })}
    </ul>
  );
}
