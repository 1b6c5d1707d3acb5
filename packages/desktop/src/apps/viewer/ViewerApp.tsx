import { useState } from 'react';
import type { Entry } from '../../api/drive.ts';
import { Button } from '../../components/Button.tsx';
import { EmptyState } from '../../components/EmptyState.tsx';
import { formatBytes } from '../../components/format.ts';
import { useServices } from '../../services.ts';
import { download } from '../files/download.ts';
import { mediaIcon, mediaKindOf } from '../files/media.ts';
import { TextView } from './TextView.tsx';
import css from './ViewerApp.module.css';

/** Shows a file without ever letting it act: pictures as images, text as text, sound and film in the browser's player. */
export function ViewerApp({ entry }: { entry: Entry }) {
  const { api } = useServices();
  const [isBroken, setBroken] = useState(false);
  const kind = mediaKindOf(entry);
  const url = api.drive.contentUrl(entry.id);
  const save = (
    <Button icon="download" onClick={() => download(api.drive.contentUrl(entry.id, { download: true }), entry.name)}>
      Download
    </Button>
  );

  if (isBroken || !['image', 'audio', 'video', 'text'].includes(kind)) {
    return (
      <EmptyState icon={mediaIcon[kind]} title={entry.name} action={save}>
        {isBroken ? 'This browser cannot show this file.' : 'There is no preview for this kind of file.'} Download it to open it with
        another program. It is {formatBytes(entry.size)}.
      </EmptyState>
    );
  }
  return (
    <div className={css.viewer}>
      <div className={css.stage} data-kind={kind}>
        {kind === 'image' && <img src={url} alt={entry.name} onError={() => setBroken(true)} />}
        {kind === 'audio' && <audio src={url} controls aria-label={entry.name} onError={() => setBroken(true)} />}
        {kind === 'video' && <video src={url} controls aria-label={entry.name} onError={() => setBroken(true)} />}
        {kind === 'text' && <TextView entry={entry} url={url} />}
      </div>
      <footer className={css.bar}>
        <span>{formatBytes(entry.size)}</span>
        {save}
      </footer>
    </div>
  );
}
