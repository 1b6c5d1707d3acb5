import type { Entry } from '../../../api/drive.ts';
import { Button } from '../../../components/Button.tsx';
import { CopyButton } from '../../../components/CopyButton.tsx';
import { formatBytes, formatCount, formatMoment } from '../../../components/format.ts';
import { Note } from '../../../components/Note.tsx';
import { useServices } from '../../../services.ts';
import { useAnswer } from './use-answer.ts';
import { useAttempt } from './use-attempt.tsx';
import css from './Properties.module.css';

/** Giving content to the world by its CID, and taking it back. */
export function Published({ entry }: { entry: Entry }) {
  const { api } = useServices();
  const { answer, problem, load } = useAnswer(async () => ({ publication: await api.facts.publication(entry.id) }), entry.id);
  const { attempt, note, isBusy } = useAttempt();
  const change = (work: () => Promise<unknown>, done?: string) => attempt(() => work().then(load), done);
  if (problem) return <Note tone="problem">{problem}</Note>;
  if (!answer) return null;
  const { publication } = answer;
  const what = entry.kind === 'folder' ? 'this folder and everything in it' : 'this file';
  if (!publication)
    return (
      <div className={css.section}>
        <p>
          Publishing gives {what} a public address on IPFS, as it is now. Anybody who has the address can read it, copy it and pass it on,
          and copies that others make cannot be called back.
        </p>
        <div>
          <Button icon="upload" disabled={isBusy} onClick={() => void change(() => api.facts.publish(entry.id))}>
            Publish
          </Button>
        </div>
        {note}
      </div>
    );
  const address = `${location.origin}/ipfs/${publication.root}`;
  const isOld = entry.kind === 'file' && entry.cid !== publication.root;
  return (
    <div className={css.section}>
      <dl className={css.facts}>
        <dt>CID</dt>
        <dd className={css.copied}>
          <code>{publication.root}</code>
          <CopyButton text={publication.root} label="Copy the published CID" />
        </dd>
        <dt>Address</dt>
        <dd className={css.copied}>
          <a href={address} target="_blank" rel="noreferrer">
            {address}
          </a>
          <CopyButton text={address} label="Copy the public address" />
        </dd>
        <dt>Holds</dt>
        <dd>
          {formatCount(publication.files, 'file')}, {formatBytes(publication.size)}, as of {formatMoment(publication.createdAt)}
        </dd>
      </dl>
      {isOld && <Note tone="caution">The file has changed since. What is published is what it was then.</Note>}
      <div className={css.buttons}>
        <Button
          kind="danger"
          disabled={isBusy}
          onClick={() =>
            void change(() => api.facts.unpublish(publication.id), 'It is taken back: this node no longer gives it to anybody.')
          }
        >
          Take it back
        </Button>
        <Button icon="refresh" disabled={isBusy} onClick={() => void change(() => api.facts.publish(entry.id))}>
          Publish as it is now
        </Button>
      </div>
      {note}
    </div>
  );
}
