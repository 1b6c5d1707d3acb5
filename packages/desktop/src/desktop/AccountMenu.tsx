import { formatUnits, type Account } from '@freehold/protocol';
import { useEffect, useState } from 'react';
import { useStore } from 'zustand';
import type { Balance } from '../api/account.ts';
import { Avatar } from '../components/Avatar.tsx';
import { copyText } from '../components/copy-text.ts';
import type { MenuItem } from '../components/Menu.tsx';
import { MenuButton } from '../components/MenuButton.tsx';
import { shortAddress } from '../components/short-address.ts';
import { useServices } from '../services.ts';
import { TestWalletDialog } from '../session/TestWalletDialog.tsx';
import { PeopleDialog } from './PeopleDialog.tsx';
import { SessionsDialog } from './SessionsDialog.tsx';
import type { Theme } from './theme.ts';
import css from './Taskbar.module.css';

const themeItems = [
  { theme: 'system', label: 'Theme: system', icon: 'system' },
  { theme: 'light', label: 'Theme: light', icon: 'sun' },
  { theme: 'dark', label: 'Theme: dark', icon: 'moon' },
  { theme: 'contrast', label: 'Theme: high contrast', icon: 'contrast' },
] as const satisfies readonly { theme: Theme; label: string; icon: string }[];

/** Who is signed in, and what they can change about it. */
export function AccountMenu({ account, testMoney }: { account: Account; testMoney: boolean }) {
  const { api, session, testWallet, theme, toasts } = useServices();
  const current = useStore(theme.store);
  const testAddress = useStore(testWallet.store, (state) => state.address);
  const [dialog, setDialog] = useState<'people' | 'sessions' | 'wallet' | null>(null);
  const [money, setMoney] = useState<Balance | null>(null);
  const { address } = account;

  useEffect(() => {
    if (testMoney) api.account.balance(address).then(setMoney, () => setMoney(null));
  }, [api, address, testMoney]);

  const takeTestMoney = async () => {
    try {
      const now = await api.account.faucet(address);
      setMoney(now);
      toasts.say(`Your test wallet now holds ${amountOf(now)}.`);
    } catch (error) {
      toasts.fail(error);
    }
  };
  const items: MenuItem[] = [
    {
      label: 'Copy address',
      icon: 'copy',
      onSelect: () => void copyText(address).then((done) => toasts.say(done ? 'Address copied.' : `Your address is ${address}`)),
    },
    ...(testMoney ? [{ label: 'Get test money', icon: 'coins', onSelect: () => void takeTestMoney() } as const] : []),
    ...(testAddress === address ? [{ label: 'Local test wallet', icon: 'key', onSelect: () => setDialog('wallet') } as const] : []),
    ...(account.role === 'owner' ? [{ label: 'People', icon: 'user', onSelect: () => setDialog('people') } as const] : []),
    { label: 'Sessions', icon: 'devices', onSelect: () => setDialog('sessions') },
    'separator',
    ...themeItems.map(({ theme: choice, label, icon }) => ({
      label,
      icon,
      isChecked: current === choice,
      onSelect: () => theme.choose(choice),
    })),
    'separator',
    { label: 'Sign out', icon: 'signOut', onSelect: () => void session.signOut().catch(toasts.fail) },
  ];
  return (
    <>
      <MenuButton
        label="Account"
        className={css.account}
        items={items}
        header={
          <div className={css.identity}>
            <b>{account.role}</b>
            <code title={address}>{shortAddress(address)}</code>
            {money && <span>{amountOf(money)}</span>}
          </div>
        }
      >
        <Avatar address={address} className={css.avatar} />
      </MenuButton>
      {dialog === 'people' && <PeopleDialog onClose={() => setDialog(null)} />}
      {dialog === 'sessions' && <SessionsDialog onClose={() => setDialog(null)} />}
      {dialog === 'wallet' && <TestWalletDialog onClose={() => setDialog(null)} />}
    </>
  );
}

const amountOf = ({ amount, token }: Balance) => `${formatUnits(BigInt(amount), token.decimals)} ${token.symbol}`;
