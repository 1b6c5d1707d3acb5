import { formatUnits, type Account } from '@freehold/protocol';
import { useEffect, useState } from 'react';
import { useStore } from 'zustand';
import type { Balance } from '../api/account.ts';
import type { Usage } from '../api/drive.ts';
import { Avatar } from '../components/Avatar.tsx';
import { copyText } from '../components/copy-text.ts';
import type { MenuItem } from '../components/Menu.tsx';
import { formatBytes } from '../components/format.ts';
import { MenuButton } from '../components/MenuButton.tsx';
import { Progress } from '../components/Progress.tsx';
import { shortAddress } from '../components/short-address.ts';
import { useServices } from '../services.ts';
import { TestWalletDialog } from '../session/TestWalletDialog.tsx';
import { AppPasswordsDialog } from './AppPasswordsDialog.tsx';
import { AppsDialog } from './AppsDialog.tsx';
import { ActivityDialog } from './identity/ActivityDialog.tsx';
import { PasskeysDialog } from './identity/PasskeysDialog.tsx';
import { SignUpsDialog } from './identity/SignUpsDialog.tsx';
import { WalletDialog } from './identity/WalletDialog.tsx';
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

type DialogName = 'people' | 'sign-ups' | 'sessions' | 'passwords' | 'passkeys' | 'apps' | 'activity' | 'wallet' | 'test-wallet';

/** Who is signed in, and what they can change about it. */
export function AccountMenu({ account, testMoney, hasKeyService }: { account: Account; testMoney: boolean; hasKeyService: boolean }) {
  const { api, session, testWallet, theme, toasts } = useServices();
  const current = useStore(theme.store);
  const testAddress = useStore(testWallet.store, (state) => state.address);
  const [dialog, setDialog] = useState<DialogName | null>(null);
  const [money, setMoney] = useState<Balance | null>(null);
  const { address } = account;
  const isInCharge = account.role === 'owner' || account.role === 'admin';

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
    ...(testAddress === address ? [{ label: 'Local test wallet', icon: 'wallet', onSelect: () => setDialog('test-wallet') } as const] : []),
    ...(hasKeyService ? [{ label: 'Wallet on this node', icon: 'wallet', onSelect: () => setDialog('wallet') } as const] : []),
    ...(isInCharge ? [{ label: 'People', icon: 'user', onSelect: () => setDialog('people') } as const] : []),
    ...(isInCharge && hasKeyService ? [{ label: 'Who signed up', icon: 'people', onSelect: () => setDialog('sign-ups') } as const] : []),
    { label: 'Passkeys', icon: 'key', onSelect: () => setDialog('passkeys') },
    { label: 'App passwords', icon: 'key', onSelect: () => setDialog('passwords') },
    { label: 'Apps', icon: 'apps', onSelect: () => setDialog('apps') },
    { label: 'Sessions', icon: 'devices', onSelect: () => setDialog('sessions') },
    { label: 'Activity', icon: 'eye', onSelect: () => setDialog('activity') },
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
            <Storage />
          </div>
        }
      >
        <Avatar address={address} className={css.avatar} />
      </MenuButton>
      {dialog === 'people' && <PeopleDialog onClose={() => setDialog(null)} />}
      {dialog === 'passwords' && <AppPasswordsDialog address={address} onClose={() => setDialog(null)} />}
      {dialog === 'apps' && <AppsDialog onClose={() => setDialog(null)} />}
      {dialog === 'sessions' && <SessionsDialog onClose={() => setDialog(null)} />}
      {dialog === 'sign-ups' && <SignUpsDialog onClose={() => setDialog(null)} />}
      {dialog === 'passkeys' && <PasskeysDialog onClose={() => setDialog(null)} />}
      {dialog === 'activity' && <ActivityDialog onClose={() => setDialog(null)} />}
      {dialog === 'wallet' && <WalletDialog onClose={() => setDialog(null)} />}
      {dialog === 'test-wallet' && <TestWalletDialog onClose={() => setDialog(null)} />}
    </>
  );
}

/** Asked anew each time that the menu opens. Its place is kept until the answer is there. */
function Storage() {
  const { api } = useServices();
  const [usage, setUsage] = useState<Usage | null>(null);
  useEffect(() => void api.drive.usage().then(setUsage, () => setUsage(null)), [api]);
  const limit = usage?.quotaBytes ?? 0;
  return (
    <div className={css.storage}>
      <span>{usage ? `${formatBytes(usage.usedBytes)}${limit > 0 ? ` of ${formatBytes(limit)}` : ''} stored` : 'Storage'}</span>
      <Progress label="Storage used" value={usage && limit > 0 ? usage.usedBytes / limit : 0} />
    </div>
  );
}

const amountOf = ({ amount, token }: Balance) => `${formatUnits(BigInt(amount), token.decimals)} ${token.symbol}`;
