import type { Entry } from '../../api/drive.ts';
import { Icon } from '../../icons.tsx';
import { useEntryDrop } from './entry-drag.ts';
import css from './FilesApp.module.css';

type Props = {
  trail: readonly Entry[];
  onGo: (trail: readonly Entry[]) => void;
  onDropOn: (entries: readonly Entry[], folder: Entry) => void;
};

export function Breadcrumbs({ trail, onGo, onDropOn }: Props) {
  return (
    <nav className={css.crumbs} aria-label="Folders">
      <ol>
        {trail.map((folder, index) => (
          <li key={folder.id}>
            {index > 0 && <Icon name="right" size={14} />}
            <Crumb folder={folder} isLast={index === trail.length - 1} onGo={() => onGo(trail.slice(0, index + 1))} onDropOn={onDropOn} />
          </li>
        ))}
      </ol>
    </nav>
  );
}

function Crumb({ folder, isLast, onGo, onDropOn }: { folder: Entry; isLast: boolean; onGo: () => void; onDropOn: Props['onDropOn'] }) {
  const drop = useEntryDrop(isLast ? undefined : (entries) => onDropOn(entries, folder), folder.id);
  return (
    <button type="button" aria-current={isLast ? 'page' : undefined} onClick={onGo} {...drop}>
      {folder.parent === null ? 'My files' : folder.name}
    </button>
  );
}
