import { address as parseAddress, type Account } from '@freehold/protocol';
import { useCallback, useEffect, useState, type FormEvent } from 'react';
import { messageOf } from '../api/error.ts';
import { Avatar } from '../components/Avatar.tsx';
import { Button } from '../components/Button.tsx';
import { Dialog } from '../components/Dialog.tsx';
import { Field } from '../components/Field.tsx';
import { shortAddress } from '../components/short-address.ts';
import { useServices } from '../services.ts';
import rows from './DialogList.module.css';
import css from './PeopleDialog.module.css';

const roles = {
  owner: 'Owns this node',
  admin: 'Administrator: a member who also lets people in and out',
  member: 'Member: has files and may sell functions',
  guest: 'Guest: has files',
} as const satisfies Record<Account['role'], string>;

/** Who may sign in to this node, for its owner to decide. */
export function PeopleDialog({ onClose }: { onClose: () => void }) {
  const { api, toasts } = useServices();
  const [accounts, setAccounts] = useState<readonly Account[]>([]);
  const [wallet, setWallet] = useState('');
  const [role, setRole] = useState<'admin' | 'member' | 'guest'>('member');
  const [problem, setProblem] = useState<string>();
  const [hint, setHint] = useState<string>();
  const load = useCallback(() => api.account.accounts().then(setAccounts, toasts.fail), [api, toasts]);
  useEffect(() => void load(), [load]);

  const allow = async (event: FormEvent) => {
    event.preventDefault();
    const parsed = parseAddress.safeParse(wallet.trim());
    if (!parsed.success) return setProblem(`A wallet address ${parsed.error.issues[0]?.message ?? 'is needed'}.`);
    try {
      await api.account.allow({ address: parsed.data, role });
      setWallet('');
      setProblem(undefined);
      setHint(undefined);
      await load();
    } catch (error) {
      setProblem(messageOf(error));
    }
  };
  /** What was removed stays in the form, so that one press takes it back. */
  const remove = async ({ address, role }: Account) => {
    try {
      await api.account.remove(address);
      setWallet(address);
      setRole(role === 'guest' ? 'guest' : 'member');
      setHint('Removed, and signed out everywhere; the files are kept. “Let in” takes it back.');
      await load();
    } catch (error) {
      setProblem(messageOf(error));
    }
  };

  return (
    <Dialog title="People" onClose={onClose}>
      <p>Only these wallets can sign in here. Anyone may call the functions that are on sale.</p>
      <ul className={`${rows.list} ${css.accounts}`} aria-label="Accounts">
        {accounts.map((account) => (
          <li key={account.address} className={rows.item}>
            <Avatar address={account.address} className={css.avatar} />
            <div>
              <b title={account.address}>{shortAddress(account.address)}</b>
              <p>{roles[account.role]}</p>
            </div>
            {account.role !== 'owner' && (
              <Button aria-label={`Remove ${shortAddress(account.address)}`} onClick={() => void remove(account)}>
                Remove
              </Button>
            )}
          </li>
        ))}
      </ul>
      <form className={css.form} onSubmit={(event) => void allow(event)}>
        <Field
          label="Wallet address"
          value={wallet}
          problem={problem}
          hint={hint}
          placeholder="0x…"
          autoComplete="off"
          spellCheck={false}
          onChange={(event) => setWallet(event.target.value)}
        />
        <fieldset className={css.roles}>
          <legend>As</legend>
          {(['member', 'guest', 'admin'] as const).map((choice) => (
            <label key={choice}>
              <input type="radio" name="role" value={choice} checked={role === choice} onChange={() => setRole(choice)} />
              {choice === 'member' ? 'Member' : choice === 'guest' ? 'Guest' : 'Administrator'}
            </label>
          ))}
        </fieldset>
        <Button kind="primary" type="submit">
          Let in
        </Button>
      </form>
    </Dialog>
  );
}
