import type { SecurityEvent } from '@freehold/protocol';
import { useAnswer } from '../../apps/files/properties/use-answer.ts';
import { Dialog } from '../../components/Dialog.tsx';
import { formatMoment } from '../../components/format.ts';
import { Note } from '../../components/Note.tsx';
import { Icon } from '../../icons.tsx';
import { useServices } from '../../services.ts';
import { describeBrowser } from '../describe-browser.ts';
import rows from '../DialogList.module.css';
import people from '../PeopleDialog.module.css';

const words: Record<SecurityEvent['kind'], string> = {
  signed_in: 'Signed in',
  signed_out_elsewhere: 'Signed out elsewhere',
  app_let_in: 'Let an app in',
  app_shown_out: 'Showed an app out',
  permission_given: 'Gave a permission',
  token_made: 'Made a token',
  password_made: 'Made an app password',
  passkey_added: 'Added a passkey',
  passkey_removed: 'Removed a passkey',
  wallet_rotated: 'Made new wallet keys',
  role_changed: 'Role changed',
  recovery_changed: 'Recovery changed',
};

/** What happened to the safety of this account: whoever sees something strange here signs out everywhere else. */
export function ActivityDialog({ onClose }: { onClose: () => void }) {
  const { api } = useServices();
  const { answer: events, problem } = useAnswer(() => api.account.securityEvents(), 'events');
  return (
    <Dialog title="Activity" onClose={onClose}>
      <p>What was done with your account. If something here was not you, sign out everywhere else under “Sessions”.</p>
      {problem !== null && <Note tone="problem">{problem}</Note>}
      <ul className={`${rows.list} ${people.accounts}`} aria-label="Activity" tabIndex={0}>
        {events?.map((event) => (
          <li key={event.id} className={rows.item}>
            <Icon name="devices" />
            <div>
              <b>
                {words[event.kind]}
                {event.detail && ` (${event.detail})`}
              </b>
              <p>
                {formatMoment(event.at)}
                {event.userAgent !== null && ` · ${describeBrowser(event.userAgent)}`}
                {event.network !== null && ` · ${event.network}`}
              </p>
            </div>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}
