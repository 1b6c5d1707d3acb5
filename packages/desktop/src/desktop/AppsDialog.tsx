import type { AuthorizedApp } from '../api/delegates.ts';
import { useAnswer } from '../apps/files/properties/use-answer.ts';
import { useAttempt } from '../apps/files/properties/use-attempt.tsx';
import { Button, IconButton } from '../components/Button.tsx';
import { Dialog } from '../components/Dialog.tsx';
import { EmptyState } from '../components/EmptyState.tsx';
import { formatMoment } from '../components/format.ts';
import { Note } from '../components/Note.tsx';
import { Icon } from '../icons.tsx';
import { useServices } from '../services.ts';
import { entryOfPermission, permissionWords } from './permission-words.ts';
import rows from './DialogList.module.css';
import css from './Delegates.module.css';

/** The apps that were let in, and what each of them may do besides keeping its own data. */
export function AppsDialog({ onClose }: { onClose: () => void }) {
  const { api } = useServices();
  const { answer: apps, problem, load } = useAnswer(() => api.delegates.apps(), 'apps');
  const { attempt, note } = useAttempt();
  const showOut = ({ app, name, origin }: AuthorizedApp) =>
    attempt(
      () => api.delegates.showOut(app).then(load),
      `${name || origin || app} is shown out. What it kept stays in AppData; it asks again when you open it.`,
    );
  const withdraw = (app: string, permission: string) =>
    attempt(() => api.delegates.withdraw(app, permission).then(load), 'Taken back. The app asks again when it needs it.');

  return (
    <Dialog title="Apps" onClose={onClose}>
      {problem !== null && <Note tone="problem">{problem}</Note>}
      {apps?.length === 0 && (
        <EmptyState icon="apps" title="No app has been let in">
          An app that works with your files asks you first, and sees only what you give it. Here you see what that is, and take it back.
        </EmptyState>
      )}
      {apps && apps.length > 0 && (
        <ul className={rows.list} aria-label="Apps">
          {apps.map((app) => (
            <li key={app.app} className={css.app}>
              <div className={css.head}>
                <Icon name="apps" />
                <div>
                  <b>{app.name || app.origin || app.app}</b>
                  <p>
                    {app.origin !== null && app.origin !== app.name && `${app.origin} · `}since {formatMoment(app.authorizedAt)}
                  </p>
                </div>
                <Button aria-label={`Show out ${app.name || app.app}`} onClick={() => void showOut(app)}>
                  Show out
                </Button>
              </div>
              <ul aria-label={`Permissions of ${app.name || app.app}`}>
                <li>
                  <span>Keeps its own data in AppData</span>
                </li>
                {app.permissions.map(({ permission }) => (
                  <Permission key={permission} permission={permission} onTakeBack={() => void withdraw(app.app, permission)} />
                ))}
              </ul>
            </li>
          ))}
        </ul>
      )}
      {note}
    </Dialog>
  );
}

/** One permission in words, with the name of the file that it is for. */
function Permission({ permission, onTakeBack }: { permission: string; onTakeBack: () => void }) {
  const { api } = useServices();
  const id = entryOfPermission(permission);
  const { answer } = useAnswer(async () => (id === undefined ? null : api.drive.entry(id)), permission);
  const words = permissionWords(permission, answer ? `“${answer.name || 'My files'}”` : undefined);
  return (
    <li>
      <span title={permission}>{words}</span>
      <IconButton icon="close" size={16} label={`Take back: ${words}`} onClick={onTakeBack} />
    </li>
  );
}
