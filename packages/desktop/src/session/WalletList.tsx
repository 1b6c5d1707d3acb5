import { Icon } from '../icons.tsx';
import { testWalletId } from './test-wallet.ts';
import type { Wallet } from './wallet.ts';
import css from './Welcome.module.css';

type Props = { wallets: readonly Wallet[]; busy: string | null; action: string; onChoose: (wallet: Wallet) => void };

/** One button a wallet, named as the wallet names itself; what it does stands beside it as its description. */
export function WalletList({ wallets, busy, action, onChoose }: Props) {
  if (wallets.length === 0) return null;
  return (
    <ul className={css.wallets} aria-label={`${action} with`}>
      {wallets.map((wallet) => (
        <li key={wallet.id} className={css.walletItem}>
          <button
            type="button"
            className={css.wallet}
            disabled={busy !== null}
            aria-describedby={`about-${wallet.id}`}
            onClick={() => onChoose(wallet)}
          >
            {wallet.icon ? <img src={wallet.icon} alt="" width={36} height={36} /> : <Icon name="wallet" size={26} />}
            <b>{wallet.name}</b>
            <Icon name="right" size={18} />
          </button>
          <small id={`about-${wallet.id}`}>
            {busy === wallet.id ? 'Waiting for your confirmation…' : wallet.id === testWalletId ? 'Here · test money only' : action}
          </small>
        </li>
      ))}
    </ul>
  );
}
