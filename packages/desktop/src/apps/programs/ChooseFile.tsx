import { Fragment, useMemo, useState } from 'react';
import type { Entry } from '../../api/drive.ts';
import { Button } from '../../components/Button.tsx';
import { Dialog } from '../../components/Dialog.tsx';
import { stepFocus } from '../../components/step-focus.ts';
import { Icon } from '../../icons.tsx';
import css from '../files/dialogs.module.css';
import { mediaIcon, mediaKindOf } from '../files/media.ts';
import { sortEntries } from '../files/sort.ts';
import { useListing } from '../files/use-listing.ts';

/** Chooses a file by walking to it. */
export function ChooseFile({
  root,
  onClose,
  onChoose,
}: {
  root: Entry;
  onClose: () => void;
  onChoose: (file: Entry, folder: Entry) => void;
}) {
  const [trail, setTrail] = useState<readonly Entry[]>([root]);
  const folder = trail.at(-1) ?? root;
  const { entries, status } = useListing({ kind: 'folder', id: folder.id });
  const sorted = useMemo(() => sortEntries(entries, { key: 'name', descending: false }), [entries]);

  return (
    <Dialog title="Choose a file" onClose={onClose} footer={<Button onClick={onClose}>Cancel</Button>}>
      <nav aria-label="Folder" className={css.trail}>
        {trail.map((entry, index) => (
          <Fragment key={entry.id}>
            {index > 0 && <Icon name="right" size={14} />}
            <Button
              kind="quiet"
              aria-current={index === trail.length - 1 ? 'page' : undefined}
              onClick={() => setTrail(trail.slice(0, index + 1))}
            >
              {entry.parent === null ? 'My files' : entry.name}
            </Button>
          </Fragment>
        ))}
      </nav>
      <div className={css.folders} onKeyDown={(event) => stepFocus(event, 'button')}>
        {sorted.map((entry) => (
          <button
            key={entry.id}
            type="button"
            onClick={() => (entry.kind === 'folder' ? setTrail([...trail, entry]) : onChoose(entry, folder))}
          >
            <Icon name={entry.kind === 'folder' ? 'folder' : mediaIcon[mediaKindOf(entry)]} />
            <span>{entry.name}</span>
            {entry.kind === 'folder' && <Icon name="right" size={16} />}
          </button>
        ))}
        {status === 'ready' && sorted.length === 0 && <p>Nothing in here. Upload a text in Files, or choose another folder.</p>}
      </div>
    </Dialog>
  );
}
