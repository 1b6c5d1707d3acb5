import type { Entry } from '../../../api/drive.ts';
import { CopyButton } from '../../../components/CopyButton.tsx';
import { formatBytes } from '../../../components/format.ts';
import { useServices } from '../../../services.ts';
import { useAnswer } from './use-answer.ts';
import css from './Properties.module.css';

const moment = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

export function General({ entry }: { entry: Entry }) {
  const { api } = useServices();
  const { answer } = useAnswer(() => api.drive.entry(entry.id), entry.id);
  const path = answer?.path ?? entry.path;
  return (
    <dl className={css.facts}>
      <dt>Kind</dt>
      <dd>{entry.kind === 'folder' ? 'Folder' : (entry.mediaType ?? 'File')}</dd>
      {entry.kind === 'file' && (
        <>
          <dt>Size</dt>
          <dd>
            {formatBytes(entry.size)}
            {entry.size >= 1000 && ` (${entry.size.toLocaleString()} bytes)`}
          </dd>
        </>
      )}
      <dt>Place</dt>
      <dd className={css.copied}>
        <span>{path ?? '…'}</span>
        {path && <CopyButton text={path} label="Copy the path" />}
      </dd>
      <dt>Changed</dt>
      <dd>{moment.format(entry.modifiedAt)}</dd>
      <dt>Made</dt>
      <dd>{moment.format(entry.createdAt)}</dd>
      {entry.cid && (
        <>
          <dt>CID</dt>
          <dd className={css.copied}>
            <code>{entry.cid}</code>
            <CopyButton text={entry.cid} label="Copy the CID" />
          </dd>
        </>
      )}
    </dl>
  );
}
