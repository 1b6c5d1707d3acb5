import { useState } from 'react';
import type { Entry } from '../../api/drive.ts';
import { Icon } from '../../icons.tsx';
import { useServices } from '../../services.ts';
import { mediaIcon, mediaKindOf } from './media.ts';
import css from './Thumbnail.module.css';

/** A picture that is not made yet is asked for again, this often and after this long. */
const tries = 3;
const patienceMs = 2500;

/** The picture of an entry in the place of its icon, which stays until the picture is there, and where there is none. */
export function Thumbnail({ entry }: { entry: Entry }) {
  const { api } = useServices();
  const kind = mediaKindOf(entry);
  const [attempt, setAttempt] = useState(1);
  const [isShown, setShown] = useState(false);
  return (
    <span className={css.kind} data-kind={kind} data-dressed={isShown}>
      <Icon name={mediaIcon[kind]} size={22} />
      {kind === 'image' && attempt <= tries && (
        <img
          key={attempt}
          src={api.drive.thumbnailUrl(entry.id)}
          alt=""
          width={28}
          height={28}
          loading="lazy"
          decoding="async"
          draggable={false}
          onLoad={() => setShown(true)}
          onError={() => setTimeout(() => setAttempt((number) => number + 1), patienceMs)}
        />
      )}
    </span>
  );
}
