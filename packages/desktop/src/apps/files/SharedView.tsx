import { useState } from 'react';
import type { Share } from '../../api/reach.ts';
import { Avatar } from '../../components/Avatar.tsx';
import { Button } from '../../components/Button.tsx';
import { ConfirmDialog } from '../../components/ConfirmDialog.tsx';
import { EmptyState } from '../../components/EmptyState.tsx';
import { formatMoment } from '../../components/format.ts';
import { shortAddress } from '../../components/short-address.ts';
import { useServices } from '../../services.ts';
import { mayAtLeast, type Right } from './allowed.ts';
import { Thumbnail } from './Thumbnail.tsx';
import { useAnswer } from './properties/use-answer.ts';
import { ToolButton } from './ToolButton.tsx';
import view from './FilesApp.module.css';
import css from './PlaceList.module.css';

const rightWords = {
  see: 'you may see it',
  list: 'you may list it',
  read: 'you may read it',
  write: 'you may change it',
  manage: 'you may change and share it',
} as const satisfies Record<Right, string>;

/** What others gave the person of their drives. */
export function SharedView({ onOpen }: { onOpen: (share: Share) => void }) {
  const { api, toasts } = useServices();
  const { answer: shares, problem, load } = useAnswer(() => api.reach.sharedWithMe(), 'shared');
  const [leaving, setLeaving] = useState<Share | null>(null);
  const giveUp = async (share: Share) => {
    try {
      await api.reach.giveUp(share);
      toasts.say(`“${nameOf(share)}” is no longer shared with you.`);
    } catch (error) {
      toasts.fail(error);
    }
    await load();
  };
  return (
    <div className={view.view}>
      <div className={view.bar}>
        <h3>Shared with me</h3>
        <ToolButton icon="refresh" onClick={() => void load()}>
          Look again
        </ToolButton>
      </div>
      {problem !== null ? (
        <EmptyState icon="alert" title="This did not load" action={<Button onClick={() => void load()}>Try again</Button>}>
          {problem}
        </EmptyState>
      ) : shares?.length === 0 ? (
        <EmptyState icon="people" title="Nothing is shared with you yet">
          When somebody with an account here shares a file or folder with your wallet, it shows up in this place. Your own you share with
          “Share…” in the menu of a file.
        </EmptyState>
      ) : (
        <ul className={css.list} aria-label="Shared with me">
          {shares?.map((share) => (
            <li key={share.id} className={css.item}>
              <Thumbnail entry={share.entry} />
              <div>
                <b>{nameOf(share)}</b>
                <p>
                  <Avatar address={share.owner} className={css.avatar} />
                  <span title={share.owner}>{shortAddress(share.owner)}</span>
                  <span>{rightWords[share.right]}</span>
                  <span className={css.seldom}>{formatMoment(share.createdAt)}</span>
                </p>
              </div>
              {mayAtLeast(share.right, share.entry.kind === 'folder' ? 'list' : 'read') && (
                <ToolButton icon="open" aria-label={`Open ${nameOf(share)}`} onClick={() => onOpen(share)}>
                  Open
                </ToolButton>
              )}
              <ToolButton icon="close" kind="quiet" aria-label={`Give up ${nameOf(share)}`} onClick={() => setLeaving(share)}>
                Give up
              </ToolButton>
            </li>
          ))}
        </ul>
      )}
      {leaving && (
        <ConfirmDialog
          title={`Give up “${nameOf(leaving)}”?`}
          action="Give up"
          onClose={() => setLeaving(null)}
          onConfirm={() => void giveUp(leaving)}
        >
          <p>It goes from this list and stays with its owner. Only {shortAddress(leaving.owner)} can share it with you again.</p>
        </ConfirmDialog>
      )}
    </div>
  );
}

const nameOf = ({ entry, owner }: Share) => (entry.parent === null ? `All files of ${shortAddress(owner)}` : entry.name);
