import { useState, type FormEvent } from 'react';
import type { Entry } from '../../../api/drive.ts';
import type { Link } from '../../../api/entry-facts.ts';
import { messageOf } from '../../../api/error.ts';
import { Button, IconButton } from '../../../components/Button.tsx';
import { CopyButton } from '../../../components/CopyButton.tsx';
import { Field } from '../../../components/Field.tsx';
import { formatMoment } from '../../../components/format.ts';
import { Note } from '../../../components/Note.tsx';
import { useServices } from '../../../services.ts';
import { useAnswer } from './use-answer.ts';
import { useAttempt } from './use-attempt.tsx';
import rows from '../../../desktop/DialogList.module.css';
import css from './Properties.module.css';

/** The state of a link in words. */
export const linkState = ({ expiresAt, hasPassword }: Link, now = Date.now()): string =>
  [
    expiresAt === null ? 'Until you end it' : expiresAt <= now ? 'Ended' : `Until ${formatMoment(expiresAt)}`,
    ...(hasPassword ? ['with password'] : []),
  ].join(' · ');

/** Addresses under which anybody reads the entry. */
export function Links({ entry }: { entry: Entry }) {
  const { api } = useServices();
  const { answer: links, problem, load } = useAnswer(() => api.facts.links(entry.id), entry.id);
  const [isMaking, setMaking] = useState(false);

  const { attempt, note } = useAttempt();
  const revoke = ({ id }: Link) =>
    attempt(() => api.facts.revokeLink(id).then(load), 'The link has ended. Whoever has its address finds nothing there.');
  if (problem) return <Note tone="problem">{problem}</Note>;
  if (!links) return null;
  return (
    <section aria-labelledby="shared-links" className={css.section}>
      <h3 id="shared-links">Anybody with a link</h3>
      {links.length === 0 && !isMaking && <p>A link lets people read this without an account, in any browser.</p>}
      {links.length > 0 && (
        <ul className={rows.list} aria-label="Public links">
          {links.map((link) => (
            <li key={link.id} className={rows.item}>
              <div>
                <b>{link.label || 'Link'}</b>
                <p>{linkState(link)}</p>
                <code className={css.address}>{link.url}</code>
              </div>
              <CopyButton text={link.url} label="Copy the address of the link" />
              <IconButton icon="close" size={18} label={`End the link ${link.label}`.trim()} onClick={() => void revoke(link)} />
            </li>
          ))}
        </ul>
      )}
      {note}
      {isMaking ? (
        <MakeLink
          entry={entry}
          onEnd={(made) => {
            setMaking(false);
            if (made) void load();
          }}
        />
      ) : (
        <div>
          <Button icon="plus" onClick={() => setMaking(true)}>
            Make a link
          </Button>
        </div>
      )}
    </section>
  );
}

function MakeLink({ entry, onEnd }: { entry: Entry; onEnd: (made: boolean) => void }) {
  const { api } = useServices();
  const [label, setLabel] = useState('');
  const [password, setPassword] = useState('');
  const [until, setUntil] = useState('');
  const [problem, setProblem] = useState<string>();
  const make = async (event: FormEvent) => {
    event.preventDefault();
    // The whole of the chosen day, by the clock of this browser.
    const expiresAt = until === '' ? undefined : new Date(`${until}T23:59:59`).getTime();
    try {
      await api.facts.makeLink(entry.id, {
        ...(label.trim() !== '' && { label: label.trim() }),
        ...(password !== '' && { password }),
        ...(expiresAt !== undefined && { expiresAt }),
      });
      onEnd(true);
    } catch (error) {
      setProblem(messageOf(error));
    }
  };
  return (
    <form className={css.make} aria-label="New link" onSubmit={(event) => void make(event)}>
      <Field
        label="For whom"
        value={label}
        maxLength={200}
        placeholder="A note for yourself"
        onChange={(event) => setLabel(event.target.value)}
      />
      <Field label="Ends after" type="date" value={until} onChange={(event) => setUntil(event.target.value)} />
      <Field
        label="Password"
        type="password"
        autoComplete="new-password"
        value={password}
        problem={problem}
        hint="Leave it empty for a link without one."
        onChange={(event) => setPassword(event.target.value)}
      />
      <div className={css.buttons}>
        <Button onClick={() => onEnd(false)}>Cancel</Button>
        <Button kind="primary" type="submit">
          Make the link
        </Button>
      </div>
    </form>
  );
}
