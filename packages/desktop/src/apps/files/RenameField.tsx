import { useEffect, useRef, useState } from 'react';
import type { Entry } from '../../api/drive.ts';
import { useServices } from '../../services.ts';
import css from './EntryGrid.module.css';

type Props = { entry: Entry; onRename: (entry: Entry, name: string) => Promise<void>; onEnd: () => void };

/** The name as a field: Enter keeps, Esc gives up. What stands before the ending is selected, since that is what people change. */
export function RenameField({ entry, onRename, onEnd }: Props) {
  const { toasts } = useServices();
  const input = useRef<HTMLInputElement>(null);
  const [name, setName] = useState(entry.name);
  const isOver = useRef(false);

  useEffect(() => {
    const dot = entry.kind === 'file' ? entry.name.lastIndexOf('.') : -1;
    input.current?.focus();
    input.current?.setSelectionRange(0, dot > 0 ? dot : entry.name.length);
  }, [entry.kind, entry.name]);

  const finish = async (isKept: boolean) => {
    if (isOver.current) return;
    isOver.current = true;
    const wanted = name.trim();
    if (isKept && wanted !== '' && wanted !== entry.name) {
      try {
        await onRename(entry, wanted);
      } catch (error) {
        toasts.fail(error);
      }
    }
    onEnd();
  };
  return (
    <input
      ref={input}
      className={css.rename}
      aria-label={`New name of ${entry.name}`}
      value={name}
      spellCheck={false}
      onChange={(event) => setName(event.target.value)}
      onBlur={() => void finish(true)}
      onClick={(event) => event.stopPropagation()}
      onDoubleClick={(event) => event.stopPropagation()}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === 'Enter' || event.key === 'Escape') void finish(event.key === 'Enter');
      }}
    />
  );
}
