import { useId, useState, type KeyboardEvent } from 'react';
import type { Entry } from '../../../api/drive.ts';
import { Dialog } from '../../../components/Dialog.tsx';
import { stepFocus } from '../../../components/step-focus.ts';
import { General } from './General.tsx';
import { Published } from './Published.tsx';
import { Shared } from './Shared.tsx';
import { Versions } from './Versions.tsx';
import css from './Properties.module.css';

const sections = { general: 'General', versions: 'Versions', shared: 'Shared', published: 'Published' } as const;
export type Section = keyof typeof sections;

type Props = { entry: Entry; section?: Section; onChange: (entry: Entry) => void; onClose: () => void };

/** All that there is to know of one file or folder, and to decide about it. */
export function PropertiesDialog({ entry, section = 'general', onChange, onClose }: Props) {
  const [shown, setShown] = useState<Section>(section);
  const id = useId();
  const isFile = entry.kind === 'file';
  const offered = (Object.keys(sections) as Section[]).filter((each) => isFile || each !== 'versions');
  const onKey = (event: KeyboardEvent<HTMLElement>) => {
    stepFocus(event, '[role=tab]');
    const to = document.activeElement?.getAttribute('data-section');
    const next = offered.find((each) => each === to);
    if (next) setShown(next);
  };
  return (
    <Dialog title={entry.name || 'My files'} onClose={onClose}>
      <div className={css.tabs} role="tablist" aria-label="Properties" aria-orientation="horizontal" onKeyDown={onKey}>
        {offered.map((each) => (
          <button
            key={each}
            type="button"
            role="tab"
            id={`${id}-${each}`}
            data-section={each}
            aria-selected={each === shown}
            aria-controls={`${id}-panel`}
            tabIndex={each === shown ? 0 : -1}
            onClick={() => setShown(each)}
          >
            {sections[each]}
          </button>
        ))}
      </div>
      <div className={css.panel} role="tabpanel" id={`${id}-panel`} aria-labelledby={`${id}-${shown}`}>
        {shown === 'general' && <General entry={entry} />}
        {shown === 'versions' && <Versions entry={entry} onChange={onChange} />}
        {shown === 'shared' && <Shared entry={entry} />}
        {shown === 'published' && <Published entry={entry} />}
      </div>
    </Dialog>
  );
}
