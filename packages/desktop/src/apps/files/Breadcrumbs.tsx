import type { Entry } from '../../api/drive.ts';
import { Icon } from '../../icons.tsx';
import { useEntryDrop } from './entry-drag.ts';
import css from './FilesApp.module.css';

type Props = {
  trail: readonly Entry[];
  onGo: (trail: readonly Entry[]) => void;
  onDropOn: ((entries: readonly Entry[], folder: Entry) => void) | undefined;
  /** Where the trail begins when that is not one's own drive. */
  base?: { name: string; onGo: () => void } | undefined;
};

export function Breadcrumbs({ trail, onGo, onDropOn, base }: Props) {
  return (
    <nav className={css.crumbs} aria-label="Folders">
      <ol>
        {base && (
          <li>
            <button type="button" onClick={base.onGo}>
              {base.name}
            </button>
          </li>
        )}
        {trail.map((folder, index) => (
          <li key={folder.id}>
            {(index > 0 || base) && <Icon name="right" size={14} />}
            <Crumb
              folder={folder}
              isLast={index === trail.length - 1}
              onGo={() => onGo(trail.slice(0, index + 1))}
              onDropOn={onDropOn}
              isOwn={!base}
            />
          </li>
        ))}
      </ol>
    </nav>
  );
}

type CrumbProps = { folder: Entry; isLast: boolean; isOwn: boolean; onGo: () => void; onDropOn: Props['onDropOn'] };

function Crumb({ folder, isLast, isOwn, onGo, onDropOn }: CrumbProps) {
  const drop = useEntryDrop(isLast || !onDropOn ? undefined : (entries) => onDropOn(entries, folder), folder.id);
  return (
    <button type="button" aria-current={isLast ? 'page' : undefined} onClick={onGo} {...drop}>
      {nameOfFolder(folder, isOwn)}
    </button>
  );
}

/** The root of a drive has no name of its own. */
export const nameOfFolder = (folder: Entry, isOwn: boolean): string =>
  folder.parent === null ? (isOwn ? 'My files' : 'All files') : folder.name;
