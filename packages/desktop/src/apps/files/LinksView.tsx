import { useState } from 'react';
import type { Link } from '../../api/reach.ts';
import { Button } from '../../components/Button.tsx';
import { ConfirmDialog } from '../../components/ConfirmDialog.tsx';
import { CopyButton } from '../../components/CopyButton.tsx';
import { EmptyState } from '../../components/EmptyState.tsx';
import { useServices } from '../../services.ts';
import { linkState } from './properties/Links.tsx';
import { useAnswer } from './properties/use-answer.ts';
import { Thumbnail } from './Thumbnail.tsx';
import { ToolButton } from './ToolButton.tsx';
import view from './FilesApp.module.css';
import css from './PlaceList.module.css';

/** Every public link of the drive in one place, so that none is forgotten. */
export function LinksView() {
  const { api, toasts } = useServices();
  const { answer: links, problem, load } = useAnswer(() => api.reach.links(), 'links');
  const [ending, setEnding] = useState<Link | null>(null);
  const end = async ({ id }: Link) => {
    try {
      await api.reach.endLink(id);
      toasts.say('The link has ended. Whoever has its address finds nothing there.');
    } catch (error) {
      toasts.fail(error);
    }
    await load();
  };
  return (
    <div className={view.view}>
      <div className={view.bar}>
        <h3>Links</h3>
        <ToolButton icon="refresh" onClick={() => void load()}>
          Look again
        </ToolButton>
      </div>
      {problem !== null ? (
        <EmptyState icon="alert" title="The links did not load" action={<Button onClick={() => void load()}>Try again</Button>}>
          {problem}
        </EmptyState>
      ) : links?.length === 0 ? (
        <EmptyState icon="link" title="No public links">
          A link lets anybody read a file or folder in a browser, without an account. Make one with “Share…” in the menu of a file; here you
          see all of them, and end them.
        </EmptyState>
      ) : (
        <ul className={css.list} aria-label="Public links">
          {links?.map((link) => (
            <li key={link.id} className={css.item} data-ended={hasEnded(link)}>
              <Thumbnail entry={link.entry} />
              <div>
                <b>{link.entry.name}</b>
                <p>
                  <span className={css.state}>{linkState(link)}</span>
                  {link.label !== '' && <span>{link.label}</span>}
                </p>
                <code>{link.url}</code>
              </div>
              {!hasEnded(link) && <CopyButton text={link.url} label={`Copy the link to ${link.entry.name}`} />}
              <ToolButton
                icon="close"
                kind="quiet"
                aria-label={`${hasEnded(link) ? 'Remove' : 'End'} the link to ${link.entry.name}`}
                onClick={() => setEnding(link)}
              >
                {hasEnded(link) ? 'Remove' : 'End'}
              </ToolButton>
            </li>
          ))}
        </ul>
      )}
      {ending && (
        <ConfirmDialog
          title={`End the link to “${ending.entry.name}”?`}
          action="End the link"
          onClose={() => setEnding(null)}
          onConfirm={() => void end(ending)}
        >
          <p>Its address stops working at once for everybody who has it. The file stays as it is; a new link gets another address.</p>
        </ConfirmDialog>
      )}
    </div>
  );
}

const hasEnded = ({ expiresAt }: Link) => expiresAt !== null && expiresAt <= Date.now();
