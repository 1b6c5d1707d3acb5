import { useState, type FormEvent } from 'react';
import type { NewAppPassword } from '../api/delegates.ts';
import { messageOf } from '../api/error.ts';
import { useAnswer } from '../apps/files/properties/use-answer.ts';
import { useAttempt } from '../apps/files/properties/use-attempt.tsx';
import { Button } from '../components/Button.tsx';
import { Dialog } from '../components/Dialog.tsx';
import { Field } from '../components/Field.tsx';
import { formatMoment } from '../components/format.ts';
import { Note } from '../components/Note.tsx';
import { Icon } from '../icons.tsx';
import { useServices } from '../services.ts';
import { CopyableFact } from './CopyableFact.tsx';
import rows from './DialogList.module.css';
import css from './Delegates.module.css';
import people from './PeopleDialog.module.css';

const accessWords = { read: 'May read', write: 'May read and change' } as const;

/** Passwords for programs that cannot sign with a wallet and mount the drive as a disk. */
export function AppPasswordsDialog({ address, onClose }: { address: string; onClose: () => void }) {
  const { api } = useServices();
  const { answer: passwords, problem, load } = useAnswer(() => api.delegates.passwords(), 'passwords');
  const [label, setLabel] = useState('');
  const [access, setAccess] = useState<'read' | 'write'>('write');
  const [refusal, setRefusal] = useState<string>();
  const [made, setMade] = useState<NewAppPassword | null>(null);
  const { attempt, note } = useAttempt();

  const make = async (event: FormEvent) => {
    event.preventDefault();
    if (label.trim() === '') return setRefusal('Give it a name, so that you know later which one to revoke.');
    try {
      setMade(await api.delegates.createPassword({ label: label.trim(), access }));
      setLabel('');
      setRefusal(undefined);
      await load();
    } catch (error) {
      setRefusal(messageOf(error));
    }
  };
  const revoke = ({ id, label }: { id: string; label: string }) =>
    attempt(async () => {
      await api.delegates.revokePassword(id);
      setMade((shown) => (shown?.id === id ? null : shown));
      await load();
    }, `“${label}” is revoked. The program that used it is shut out.`);

  return (
    <Dialog title="App passwords" onClose={onClose}>
      <p>
        Finder, Explorer, backup tools and every other WebDAV program use your files like a disk. Give each a password of its own: it opens
        your files and nothing else.
      </p>
      {made ? (
        <section className={css.made} aria-labelledby="new-password">
          <h3 id="new-password">“{made.label}” is ready</h3>
          <dl>
            <CopyableFact name="Address" value={`${location.origin}/dav/`} />
            <CopyableFact name="User" value={address} />
            <CopyableFact name="Password" value={made.password} />
          </dl>
          <Note tone="caution">The password is shown this once. Put it into the program now; if it gets lost, make another.</Note>
          <Button onClick={() => setMade(null)}>Done</Button>
        </section>
      ) : (
        <form className={people.form} aria-label="New app password" onSubmit={(event) => void make(event)}>
          <Field
            label="For which program"
            value={label}
            problem={refusal}
            maxLength={100}
            placeholder="Finder on my laptop"
            autoComplete="off"
            onChange={(event) => setLabel(event.target.value)}
          />
          <fieldset className={people.roles}>
            <legend>It</legend>
            {(['write', 'read'] as const).map((choice) => (
              <label key={choice}>
                <input type="radio" name="access" value={choice} checked={access === choice} onChange={() => setAccess(choice)} />
                {choice === 'write' ? 'reads and changes' : 'only reads'}
              </label>
            ))}
          </fieldset>
          <Button kind="primary" type="submit">
            Make a password
          </Button>
        </form>
      )}
      {problem !== null && <Note tone="problem">{problem}</Note>}
      {passwords && passwords.length > 0 && (
        <ul className={rows.list} aria-label="App passwords">
          {passwords.map((password) => (
            <li key={password.id} className={rows.item}>
              <Icon name="key" />
              <div>
                <b>{password.label}</b>
                <p>
                  {accessWords[password.access]} ·{' '}
                  {password.lastUsedAt === null ? 'not used yet' : `last used ${formatMoment(password.lastUsedAt)}`}
                </p>
              </div>
              <Button aria-label={`Revoke ${password.label}`} onClick={() => void revoke(password)}>
                Revoke
              </Button>
            </li>
          ))}
        </ul>
      )}
      {note}
    </Dialog>
  );
}
