import { useEffect, useState } from 'react';
import type { Usage } from '../../api/drive.ts';
import { formatBytes } from '../../components/format.ts';
import { Progress } from '../../components/Progress.tsx';
import { Icon, type IconName } from '../../icons.tsx';
import { useServices } from '../../services.ts';
import type { FilesPlace } from '../../windows/content.ts';
import { useEntryDrop } from './entry-drag.ts';
import { useEntryActions } from './use-entry-actions.ts';
import css from './FilesApp.module.css';

type Props = { place: FilesPlace; onGo: (place: FilesPlace) => void };

const places = [
  { place: 'home', name: 'My files', icon: 'home' },
  { place: 'shared', name: 'Shared with me', icon: 'people' },
  { place: 'links', name: 'Links', icon: 'link' },
  { place: 'trash', name: 'Trash', icon: 'trash' },
] as const satisfies readonly { place: FilesPlace; name: string; icon: IconName }[];

/** After a burst of changes the usage is asked once. */
const usageDelayMs = 500;

export function FilesSidebar({ place: current, onGo }: Props) {
  const usage = useUsage();
  const { trash } = useEntryActions();
  const trashDrop = useEntryDrop((entries) => void trash(entries));
  return (
    <nav className={css.sidebar} aria-label="Places">
      {places.map(({ place, name, icon }) => (
        <button
          key={place}
          type="button"
          className={css.place}
          aria-current={place === current ? 'page' : undefined}
          onClick={() => onGo(place)}
          {...(place === 'trash' && trashDrop)}
        >
          <Icon name={icon} size={18} />
          {name}
        </button>
      ))}
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

export function useUsage(): Usage | null {
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
