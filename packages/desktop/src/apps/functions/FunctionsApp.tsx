import { useState } from 'react';
import { useStore } from 'zustand';
import { Button } from '../../components/Button.tsx';
import { EmptyState } from '../../components/EmptyState.tsx';
import { formatCount } from '../../components/format.ts';
import { useServices } from '../../services.ts';
import { formatMoney } from './money.ts';
import { OfferDetails } from './OfferDetails.tsx';
import { OfferList } from './OfferList.tsx';
import { Publish } from './Publish.tsx';
import { useFunctions } from './use-functions.ts';
import css from './FunctionsApp.module.css';

/** What this account sells: programs that anyone may call for a price. */
export function FunctionsApp() {
  const { session } = useServices();
  const state = useStore(session.store);
  if (state.phase !== 'signedIn') return null;
  return <Shop account={state.account} node={state.node} />;
}

type ShopProps = Pick<
  Extract<ReturnType<ReturnType<typeof useServices>['session']['store']['getState']>, { phase: 'signedIn' }>,
  'account' | 'node'
>;

function Shop({ account, node }: ShopProps) {
  const { windows } = useServices();
  const { status, problem, offers, earnings, fresh, reload } = useFunctions(account.address);
  const [isPublishing, setPublishing] = useState(false);
  const [selectedId, setSelectedId] = useState<string | null>(null);
  const selected = offers.find(({ id }) => id === selectedId);
  const publish = (
    <Button kind="primary" icon="plus" onClick={() => setPublishing(true)}>
      Publish a function
    </Button>
  );

  if (isPublishing) return <Publish account={account} node={node} onClose={() => setPublishing(false)} onPublished={reload} />;
  if (status === 'failed') {
    return (
      <EmptyState icon="alert" title="Your functions did not load" action={<Button onClick={reload}>Try again</Button>}>
        {problem}
      </EmptyState>
    );
  }
  if (status === 'loading') return null;
  if (offers.length === 0) {
    return (
      <EmptyState icon="functions" title="Sell what your machine can compute" action={publish}>
        Bring a small program, as WebAssembly or as a Linux executable, and name a price. It gets a web address; everyone who calls it pays
        you per call, and it runs walled off from your files.
      </EmptyState>
    );
  }
  const total = earnings && formatMoney(earnings.settled, earnings.token ?? node.token);
  return (
    <div className={css.shop} data-has-details={selected !== undefined}>
      <div className={css.main}>
        <header className={css.head}>
          <div className={css.total} role="group" aria-label="Total earned">
            <span>Total earned</span>
            <b data-fresh={fresh.size > 0}>{total}</b>
            <small>{earnings && formatCount(earnings.calls, 'call')}</small>
          </div>
          <div className={css.actions}>
            <Button icon="coins" onClick={() => windows.reveal({ app: 'earnings' })}>
              Earnings
            </Button>
            {publish}
          </div>
        </header>
        <OfferList offers={offers} token={node.token} fresh={fresh} selectedId={selectedId} onSelect={setSelectedId} />
      </div>
      {selected && (
        <OfferDetails key={selected.id} summary={selected} token={node.token} onClose={() => setSelectedId(null)} onChanged={reload} />
      )}
    </div>
  );
}
