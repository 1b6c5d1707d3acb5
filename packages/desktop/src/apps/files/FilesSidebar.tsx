import { useEffect, useState } from 'react';
import type { Usage } from '../../api/drive.ts';
import { formatBytes } from '../../components/format.ts';
import { Progress } from '../../components/Progress.tsx';
import { Icon } from '../../icons.tsx';
import { useServices } from '../../services.ts';
import { useEntryDrop } from './entry-drag.ts';
import { useEntryActions } from './use-entry-actions.ts';
import css from './FilesApp.module.css';

type Props = { place: 'home' | 'trash'; onHome: () => void; onTrash: () => void };

/** After a burst of changes the usage is asked once. */
const usageDelayMs = 500;

export function FilesSidebar({ place, onHome, onTrash }: Props) {
  const usage = useUsage();
  const { trash } = useEntryActions();
  const trashDrop = useEntryDrop((entries) => void trash(entries));
  return (
    <nav className={css.sidebar} aria-label="Places">
      <button type="button" className={css.place} aria-current={place === 'home' ? 'page' : undefined} onClick={onHome}>
        <Icon name="home" size={18} />
        My files
      </button>
      <button type="button" className={css.place} aria-current={place === 'trash' ? 'page' : undefined} onClick={onTrash} {...trashDrop}>
        <Icon name="trash" size={18} />
        Trash
      </button>
      {usage && (
        <div className={css.usage}>
          <Progress label="Storage used" value={usage.quotaBytes > 0 ? usage.usedBytes / usage.quotaBytes : 0} />
          <span>
            {formatBytes(usage.usedBytes)} of {formatBytes(usage.quotaBytes)}
          </span>
        </div>
      )}
    </nav>
  );
}

function useUsage(): Usage | null {
  const { api, events } = useServices();
  const [usage, setUsage] = useState<Usage | null>(null);
  useEffect(() => {
    const load = () => void api.drive.usage().then(setUsage, () => setUsage(null));
    let timer: ReturnType<typeof setTimeout> | undefined;
    load();
    const unsubscribe = events.subscribe(({ type }) => {
      if (type !== 'drive') return;
      clearTimeout(timer);
      timer = setTimeout(load, usageDelayMs);
    });
    return () => {
      clearTimeout(timer);
      unsubscribe();
    };
  }, [api, events]);
  return usage;
}
