import { useState, type FormEvent } from 'react';
import { useAnswer } from '../../apps/files/properties/use-answer.ts';
import { useAttempt } from '../../apps/files/properties/use-attempt.tsx';
import { Button } from '../../components/Button.tsx';
import { Dialog } from '../../components/Dialog.tsx';
import { Field } from '../../components/Field.tsx';
import { formatMoment } from '../../components/format.ts';
import { Note } from '../../components/Note.tsx';
import { Icon } from '../../icons.tsx';
import { useServices } from '../../services.ts';
import { hasPasskeys, makePasskey } from '../../session/passkey.ts';
import { describeBrowser } from '../describe-browser.ts';
import rows from '../DialogList.module.css';
import form from '../PeopleDialog.module.css';

/** The devices that sign in for this account without its wallet. */
export function PasskeysDialog({ onClose }: { onClose: () => void }) {
  const { api } = useServices();
  const { answer: passkeys, problem, load } = useAnswer(() => api.account.passkeys(), 'passkeys');
  const [label, setLabel] = useState(() => describeBrowser(navigator.userAgent));
  const { attempt, note, isBusy } = useAttempt();

  const add = (event: FormEvent) => {
    event.preventDefault();
    void attempt(async () => {
      const passkey = await makePasskey(await api.account.passkeyOptions());
      await api.account.addPasskey({ label: label.trim(), passkey });
      await load();
    }, 'The passkey is ready. It signs you in without your wallet.');
  };
  const remove = ({ id, label: name }: { id: string; label: string }) =>
    attempt(async () => {
      await api.account.removePasskey(id);
      await load();
    }, `“${name}” no longer signs in. Remove it from your device, too.`);

  return (
    <Dialog title="Passkeys" onClose={onClose}>
      <p>
        A passkey lets this device, or a security key, sign you in with a touch. It can do what you can, so add only devices that are yours.
      </p>
      {hasPasskeys() ? (
        <form className={form.form} aria-label="New passkey" onSubmit={add}>
          <Field
            label="Name of this device"
            value={label}
            maxLength={100}
            autoComplete="off"
            onChange={(event) => setLabel(event.target.value)}
          />
          <Button kind="primary" type="submit" disabled={isBusy}>
            Add a passkey
          </Button>
        </form>
      ) : (
        <Note tone="caution">This browser has no passkeys, or this page is not at a name over https or on localhost.</Note>
      )}
      {problem !== null && <Note tone="problem">{problem}</Note>}
      {passkeys && passkeys.length > 0 && (
        <ul className={rows.list} aria-label="Passkeys">
          {passkeys.map((passkey) => (
            <li key={passkey.id} className={rows.item}>
              <Icon name="key" />
              <div>
                <b>{passkey.label}</b>
                <p>
                  {passkey.lastUsedAt === null
                    ? `Added ${formatMoment(passkey.createdAt)}, not used yet`
                    : `Last used ${formatMoment(passkey.lastUsedAt)}`}
                </p>
              </div>
              <Button aria-label={`Remove ${passkey.label}`} onClick={() => void remove(passkey)}>
                Remove
              </Button>
            </li>
          ))}
        </ul>
      )}
      {note}
    </Dialog>
  );
}
