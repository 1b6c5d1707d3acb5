import type { Session } from '@freehold/protocol';
import { useCallback, useEffect, useState } from 'react';
import { Button } from '../components/Button.tsx';
import { Dialog } from '../components/Dialog.tsx';
import { formatMoment } from '../components/format.ts';
import { Icon } from '../icons.tsx';
import { useServices } from '../services.ts';
import { describeBrowser } from './describe-browser.ts';
import css from './DialogList.module.css';

/** Every place where this account is signed in. */
export function SessionsDialog({ onClose }: { onClose: () => void }) {
  const { api, toasts } = useServices();
  const [sessions, setSessions] = useState<readonly Session[] | null>(null);
  const load = useCallback(() => api.account.sessions().then(setSessions, toasts.fail), [api, toasts]);
  useEffect(() => void load(), [load]);
  const act = (work: Promise<void>) => void work.then(load, toasts.fail);
  const others = sessions?.filter(({ current }) => !current) ?? [];

  return (
    <Dialog
      title="Where you are signed in"
      onClose={onClose}
      footer={
        <Button disabled={others.length === 0} onClick={() => act(api.account.revokeOthers())}>
          Sign out everywhere else
        </Button>
      }
    >
      <ul className={css.list}>
        {sessions?.map((session) => (
          <li key={session.id} className={css.item}>
            <Icon name="devices" />
            <div>
              <b>{describeBrowser(session.userAgent)}</b>
              <p>{session.current ? 'This browser' : `Last used ${formatMoment(session.lastUsedAt)}`}</p>
            </div>
            {!session.current && (
              <Button aria-label={`Sign out ${describeBrowser(session.userAgent)}`} onClick={() => act(api.account.revoke(session.id))}>
                Sign out
              </Button>
            )}
          </li>
        ))}
      </ul>
    </Dialog>
  );
}
