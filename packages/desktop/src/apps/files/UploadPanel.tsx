import { useEffect, useState } from 'react';
import { useStore } from 'zustand';
import { Button, IconButton } from '../../components/Button.tsx';
import { formatBytes, formatCount, formatDuration } from '../../components/format.ts';
import { Progress } from '../../components/Progress.tsx';
import { useServices } from '../../services.ts';
import { ConflictDialog } from './ConflictDialog.tsx';
import { totalsOf, type UploadItem, type UploadsState } from './uploads.ts';
import css from './UploadPanel.module.css';

/** After this long the card of a finished upload goes by itself, unless something failed. */
const lingerMs = 2500;

/** The uploads of all windows, above the taskbar, for as long as there is something to see. */
export function UploadPanel() {
  const { uploads, toasts } = useServices();
  const state = useStore(uploads.store);
  const [isOpen, setOpen] = useState(false);
  const { sent, size, running } = totalsOf(state);
  const isOver = state.items.length > 0 && running === 0;
  const failed = state.items.filter((item) => item.state === 'failed').length;
  const done = state.items.filter((item) => item.state === 'done').length;

  useEffect(() => {
    if (!isOver || failed > 0) return undefined;
    if (done > 0) toasts.say(`Uploaded ${formatCount(done, 'file')}.`);
    const timer = setTimeout(uploads.clear, lingerMs);
    return () => clearTimeout(timer);
    // `done` is final when all is over.
  }, [isOver, failed]);

  return (
    <>
      {state.conflict && <ConflictDialog key={state.conflict.name} conflict={state.conflict} onAnswer={uploads.answer} />}
      {state.items.length > 0 && (
        <section className={css.panel} aria-label="Uploads">
          <header>
            <h2>
              {isOver ? `Uploaded ${done} of ${formatCount(state.items.length, 'file')}` : `Uploading ${formatCount(running, 'file')}`}
            </h2>
            <IconButton
              icon={isOpen ? 'down' : 'up'}
              label={isOpen ? 'Hide the list' : 'Show the list'}
              size={18}
              aria-expanded={isOpen}
              onClick={() => setOpen(!isOpen)}
            />
            {isOver ? (
              <IconButton icon="close" label="Close uploads" size={18} onClick={uploads.clear} />
            ) : (
              <Button kind="quiet" onClick={uploads.cancelAll}>
                Cancel
              </Button>
            )}
          </header>
          <Progress label="Uploaded" value={size === 0 ? 1 : sent / size} />
          <p className={css.figures}>{figuresOf(state)}</p>
          {(isOpen || failed > 0) && (
            <ul className={css.list}>
              {state.items.map((item) => (
                <UploadRow key={item.id} item={item} onCancel={() => uploads.cancel(item.id)} />
              ))}
            </ul>
          )}
        </section>
      )}
    </>
  );
}

function figuresOf(state: UploadsState): string {
  const { sent, size, secondsLeft, running } = totalsOf(state);
  if (running === 0) return formatBytes(sent);
  const left = formatDuration(secondsLeft);
  return [
    `${formatBytes(sent)} of ${formatBytes(size)}`,
    state.bytesPerSecond > 0 && `${formatBytes(state.bytesPerSecond)}/s`,
    left && `${left} left`,
  ]
    .filter(Boolean)
    .join(' · ');
}

function UploadRow({ item, onCancel }: { item: UploadItem; onCancel: () => void }) {
  const { name, state, problem, sent, size } = item;
  const note = {
    waiting: 'Waiting',
    sending: `${Math.floor((sent / Math.max(1, size)) * 100)} %`,
    done: 'Done',
    failed: problem ?? 'Failed',
    cancelled: 'Cancelled',
  }[state];
  return (
    <li data-state={state}>
      <span>
        <b>{name}</b>
        <small>{note}</small>
      </span>
      {(state === 'waiting' || state === 'sending') && <IconButton icon="close" label={`Cancel ${name}`} size={16} onClick={onCancel} />}
    </li>
  );
}
