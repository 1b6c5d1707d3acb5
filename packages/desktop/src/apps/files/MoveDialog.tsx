import { Fragment, useMemo, useState } from 'react';
import type { Entry } from '../../api/drive.ts';
import { Button } from '../../components/Button.tsx';
import { Dialog } from '../../components/Dialog.tsx';
import { formatCount } from '../../components/format.ts';
import { stepFocus } from '../../components/step-focus.ts';
import { Icon } from '../../icons.tsx';
import { sortEntries } from './sort.ts';
import { useListing } from './use-listing.ts';
import css from './dialogs.module.css';

type Props = { entries: readonly Entry[]; trail: readonly Entry[]; onClose: () => void; onMove: (folder: Entry) => void };

/** Chooses a folder by walking there. */
export function MoveDialog({ entries, trail: start, onClose, onMove }: Props) {
  const [trail, setTrail] = useState(start);
  const folder = trail.at(-1);
  const { entries: children, status } = useListing({ kind: 'folder', id: folder?.id ?? '' });
  const folders = useMemo(
    () =>
      sortEntries(
        children.filter(({ kind }) => kind === 'folder'),
        { key: 'name', descending: false },
      ),
    [children],
  );
  const moving = new Set(entries.map(({ id }) => id));
  const isHere = entries.every(({ parent }) => parent === folder?.id);
  const nameOf = (entry: Entry) => (entry.parent === null ? 'My files' : entry.name);
  const what = entries.length === 1 ? `“${entries[0]?.name}”` : formatCount(entries.length, 'item');

  return (
    <Dialog
      title={`Move ${what} to…`}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            kind="primary"
            disabled={isHere || !folder}
            onClick={() => {
              if (folder) onMove(folder);
              onClose();
            }}
          >
            Move here
          </Button>
        </>
      }
    >
      <nav aria-label="Destination" className={css.trail}>
        {trail.map((entry, index) => (
          <Fragment key={entry.id}>
            {index > 0 && <Icon name="right" size={14} />}
            <Button
              kind="quiet"
              aria-current={index === trail.length - 1 ? 'page' : undefined}
              onClick={() => setTrail(trail.slice(0, index + 1))}
            >
              {nameOf(entry)}
            </Button>
          </Fragment>
        ))}
      </nav>
      <div className={css.folders} onKeyDown={(event) => stepFocus(event, 'button:not(:disabled)')}>
        {folders.map((entry) => (
          <button key={entry.id} type="button" disabled={moving.has(entry.id)} onClick={() => setTrail([...trail, entry])}>
            <Icon name="folder" />
            <span>{entry.name}</span>
            <Icon name="right" size={16} />
          </button>
        ))}
        {status === 'ready' && folders.length === 0 && <p>No folders in here. You can still move things to this place.</p>}
      </div>
    </Dialog>
  );
}
