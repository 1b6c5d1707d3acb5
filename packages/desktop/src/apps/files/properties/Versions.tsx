import { useState, type FormEvent } from 'react';
import type { Entry } from '../../../api/drive.ts';
import type { FileVersion } from '../../../api/entry-facts.ts';
import { Button, IconButton } from '../../../components/Button.tsx';
import { formatBytes, formatMoment } from '../../../components/format.ts';
import { Note } from '../../../components/Note.tsx';
import { useServices } from '../../../services.ts';
import { download } from '../download.ts';
import { useAnswer } from './use-answer.ts';
import { useAttempt } from './use-attempt.tsx';
import rows from '../../../desktop/DialogList.module.css';
import css from './Properties.module.css';

/** What a file was before: to look at, to go back to, to keep under a name. */
export function Versions({ entry, onChange }: { entry: Entry; onChange: (entry: Entry) => void }) {
  const { api } = useServices();
  const { answer: versions, problem, load } = useAnswer(() => api.facts.versions(entry.id), entry.id);
  const [naming, setNaming] = useState<number | null>(null);

  const { attempt, note } = useAttempt();
  const change = (work: () => Promise<unknown>, done?: string) => attempt(() => work().then(load), done);
  const restore = (version: FileVersion) =>
    change(
      async () => onChange(await api.facts.restoreVersion(entry.id, version.number)),
      `The file is as it was ${formatMoment(version.modifiedAt)}. What it was until now is its newest version.`,
    );

  if (problem) return <Note tone="problem">{problem}</Note>;
  if (!versions) return null;
  if (versions.length === 0)
    return <p>When this file gets new content, what it was before is kept here, so that nothing is lost by a slip of the hand.</p>;
  return (
    <>
      {note}
      <ul className={rows.list} aria-label="Earlier contents">
        {versions.map((version) => (
          <li key={version.number} className={rows.item}>
            <div>
              {naming === version.number ? (
                <NameForm
                  version={version}
                  onEnd={() => setNaming(null)}
                  onName={(name) => change(() => api.facts.nameVersion(entry.id, version.number, name))}
                />
              ) : (
                <>
                  <b>{version.name ?? formatMoment(version.modifiedAt)}</b>
                  <p>
                    {version.name && `${formatMoment(version.modifiedAt)} · `}
                    {formatBytes(version.size)}
                    {version.name && ' · kept until you delete it'}
                  </p>
                </>
              )}
            </div>
            <Button onClick={() => void restore(version)} aria-label={`Restore the version of ${formatMoment(version.modifiedAt)}`}>
              Restore
            </Button>
            <IconButton
              icon="download"
              size={18}
              label={`Download the version of ${formatMoment(version.modifiedAt)}`}
              onClick={() => download(api.facts.versionUrl(entry.id, version.number), entry.name)}
            />
            <IconButton
              icon="rename"
              size={18}
              label={`Name and keep the version of ${formatMoment(version.modifiedAt)}`}
              onClick={() => setNaming(version.number)}
            />
            <IconButton
              icon="trash"
              size={18}
              label={`Delete the version of ${formatMoment(version.modifiedAt)}`}
              onClick={() => void change(() => api.facts.deleteVersion(entry.id, version.number))}
            />
          </li>
        ))}
      </ul>
    </>
  );
}

function NameForm({ version, onName, onEnd }: { version: FileVersion; onName: (name: string | null) => Promise<void>; onEnd: () => void }) {
  const [name, setName] = useState(version.name ?? '');
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    await onName(name.trim() === '' ? null : name.trim());
    onEnd();
  };
  return (
    <form className={css.naming} onSubmit={(event) => void submit(event)}>
      <input
        aria-label="Name of the version"
        value={name}
        maxLength={200}
        // The person has just asked to type here.
        ref={(input) => input?.focus()}
        onChange={(event) => setName(event.target.value)}
        onBlur={onEnd}
        onKeyDown={(event) => {
          if (event.key !== 'Escape') return;
          event.preventDefault();
          event.stopPropagation();
          onEnd();
        }}
      />
    </form>
  );
}
