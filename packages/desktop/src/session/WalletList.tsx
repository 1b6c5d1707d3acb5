import { Icon } from '../icons.tsx';
import { testWalletId } from './test-wallet.ts';
import type { Wallet } from './wallet.ts';
import css from './Welcome.module.css';

type Props = { wallets: readonly Wallet[]; busy: string | null; action: string; onChoose: (wallet: Wallet) => void };

/** One button a wallet, by its own name and icon. */
export function WalletList({ wallets, busy, action, onChoose }: Props) {
  if (wallets.length === 0) return null;
  return (
    <ul className={css.wallets} aria-label={`${action} with`}>
      {wallets.map((wallet) => (
        <li key={wallet.id}>
          <button type="button" className={css.wallet} disabled={busy !== null} aria-label={wallet.name} onClick={() => onChoose(wallet)}>
            {wallet.icon ? <img src={wallet.icon} alt="" width={36} height={36} /> : <Icon name="wallet" size={24} />}
            <span>
              <b>{wallet.name}</b>
              <small>{busy === wallet.id ? 'Waiting for your confirmation…' : wallet.id === testWalletId ? 'In this browser · test money only' : action}</small>
            </span>
            <Icon name="right" size={18} />
          </button>
        </li>
      ))}
    </ul>
  );
}
