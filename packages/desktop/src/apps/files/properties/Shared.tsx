import { address as parseAddress } from '@freehold/protocol';
import { useState, type FormEvent } from 'react';
import type { Entry } from '../../../api/drive.ts';
import type { Right, Share } from '../../../api/entry-facts.ts';
import { isCode, messageOf } from '../../../api/error.ts';
import { Avatar } from '../../../components/Avatar.tsx';
import { Button, IconButton } from '../../../components/Button.tsx';
import { Field } from '../../../components/Field.tsx';
import { Note } from '../../../components/Note.tsx';
import { shortAddress } from '../../../components/short-address.ts';
import { useServices } from '../../../services.ts';
import { Links } from './Links.tsx';
import { useAnswer } from './use-answer.ts';
import { useAttempt } from './use-attempt.tsx';
import rows from '../../../desktop/DialogList.module.css';
import people from '../../../desktop/PeopleDialog.module.css';
import css from './Properties.module.css';

const rightWords = {
  see: 'May see that it exists',
  list: 'May list it',
  read: 'May read',
  write: 'May read and change',
  manage: 'May do all, also share it',
} as const satisfies Record<Right, string>;
const offered = ['read', 'write', 'manage'] as const;

/** Who else may use an entry: accounts of this node, and whoever has the address of a link. */
export function Shared({ entry }: { entry: Entry }) {
  const { api } = useServices();
  const { answer: shares, problem, load } = useAnswer(() => api.facts.shares(entry.id), entry.id);
  const [wallet, setWallet] = useState('');
  const [right, setRight] = useState<Right>('read');
  const [refusal, setRefusal] = useState<string>();

  const give = async (holder: string, right: Right) => {
    await api.facts.share(entry.id, holder, right);
    await load();
  };
  const add = async (event: FormEvent) => {
    event.preventDefault();
    const parsed = parseAddress.safeParse(wallet.trim());
    if (!parsed.success) return setRefusal(`A wallet address ${parsed.error.issues[0]?.message ?? 'is needed'}.`);
    try {
      await give(parsed.data, right);
      setWallet('');
      setRefusal(undefined);
    } catch (error) {
      setRefusal(
        isCode(error, 'account_unknown')
          ? 'That wallet has no account here. The owner of the node can let it in; a link below works for anybody.'
          : messageOf(error),
      );
    }
  };
  const { attempt, note } = useAttempt();
  const change = (share: Share, right: Right) => attempt(() => give(share.holder, right));
  /** What was taken back stays in the form, so that one press gives it again. */
  const takeBack = ({ holder, right }: Share) =>
    attempt(
      async () => {
        await api.facts.unshare(entry.id, holder);
        setWallet(holder);
        setRight(right);
        await load();
      },
      `${shortAddress(holder)} can no longer use this. “Share” gives it back.`,
    );

  if (problem) return <Note tone="problem">{problem}</Note>;
  if (!shares) return null;
  return (
    <>
      <section aria-labelledby="shared-people" className={css.section}>
        <h3 id="shared-people">People with an account here</h3>
        {shares.length > 0 && (
          <ul className={rows.list} aria-label="Shared with">
            {shares.map((share) => (
              <li key={share.id} className={rows.item}>
                <Avatar address={share.holder} className={people.avatar} />
                <div>
                  <b title={share.holder}>{shortAddress(share.holder)}</b>
                </div>
                <select
                  className={css.select}
                  aria-label={`What ${shortAddress(share.holder)} may do`}
                  value={share.right}
                  onChange={(event) => void change(share, event.target.value as Right)}
                >
                  {[...new Set<Right>([share.right, ...offered])].map((each) => (
                    <option key={each} value={each}>
                      {rightWords[each]}
                    </option>
                  ))}
                </select>
                <IconButton
                  icon="close"
                  size={18}
                  label={`Stop sharing with ${shortAddress(share.holder)}`}
                  onClick={() => void takeBack(share)}
                />
              </li>
            ))}
          </ul>
        )}
        <form className={css.row} onSubmit={(event) => void add(event)}>
          <Field
            label="Share with wallet"
            value={wallet}
            problem={refusal}
            placeholder="0x…"
            autoComplete="off"
            spellCheck={false}
            onChange={(event) => setWallet(event.target.value)}
          />
          <select
            className={css.select}
            aria-label="What it may do"
            value={right}
            onChange={(event) => setRight(event.target.value as Right)}
          >
            {offered.map((each) => (
              <option key={each} value={each}>
                {rightWords[each]}
              </option>
            ))}
          </select>
          <Button type="submit">Share</Button>
        </form>
        {note}
      </section>
      <Links entry={entry} />
    </>
  );
}
