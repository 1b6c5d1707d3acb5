import { useEffect, useMemo, useRef, useState, type KeyboardEvent } from 'react';
import { useStore } from 'zustand';
import type { Found } from '../../api/drive.ts';
import { Button, IconButton } from '../../components/Button.tsx';
import { EmptyState } from '../../components/EmptyState.tsx';
import { formatBytes, formatCount, formatMoment } from '../../components/format.ts';
import { stepFocus } from '../../components/step-focus.ts';
import { Icon } from '../../icons.tsx';
import { useServices } from '../../services.ts';
import { createSearch } from './search.ts';
import { Thumbnail } from './Thumbnail.tsx';
import view from './FilesApp.module.css';
import css from './Search.module.css';

type Props = { onClose: () => void; onOpen: (entry: Found) => void; onShow: (entry: Found) => void };

/** Finds files and folders of one's own by their names and by what is in them. */
export function SearchView({ onClose, onOpen, onShow }: Props) {
  const { api } = useServices();
  const search = useMemo(() => createSearch({ drive: api.drive }), [api]);
  const { status, text: answered, found, next, problem } = useStore(search.store);
  const [text, setText] = useState('');
  const field = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => {
    field.current?.focus();
    return search.stop;
  }, [search]);

  const type = (value: string) => {
    setText(value);
    search.ask(value);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape') onClose();
    else if (event.target === field.current && (event.key === 'ArrowDown' || event.key === 'Enter')) {
      list.current?.querySelector('button')?.focus();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const isNothing = status === 'ready' && found.length === 0;
  return (
    <div className={view.view} role="search" aria-label="Search my files" onKeyDown={onKeyDown}>
      <div className={view.bar}>
        <IconButton icon="back" label="Close the search" onClick={onClose} />
        <div className={css.field}>
          <Icon name="search" size={18} />
          <input
            ref={field}
            type="search"
            aria-label="Search by name or content"
            placeholder="A name, or words in a file"
            maxLength={256}
            value={text}
            autoComplete="off"
            spellCheck={false}
            onChange={(event) => type(event.target.value)}
          />
        </div>
      </div>
      {status === 'idle' ? (
        <EmptyState icon="search" title="Find anything of yours">
          Type a part of a name, or words that stand in a text or a PDF. Small and capital letters and accents make no difference.
        </EmptyState>
      ) : status === 'failed' ? (
        <EmptyState icon="alert" title="The search did not work" action={<Button onClick={() => search.ask(text)}>Try again</Button>}>
          {problem}
        </EmptyState>
      ) : isNothing ? (
        <EmptyState icon="search" title={`Nothing found for “${answered}”`}>
          Try fewer letters or another word. A new file is searched by its name at once, by its content a moment later. The trash is not
          searched.
        </EmptyState>
      ) : (
        <div className={css.results}>
          <ul
            ref={list}
            aria-label="Search results"
            aria-busy={status === 'searching'}
            onKeyDown={(event) => stepFocus(event, '[data-result]')}
          >
            {found.map((entry) => (
              <li key={entry.id} className={css.result}>
                <Thumbnail key={entry.cid ?? entry.id} entry={entry} />
                <button type="button" data-result className={css.hit} onClick={() => onOpen(entry)}>
                  <b>
                    <Marked text={entry.name} words={answered} />
                  </b>
                  <span className={css.folder}>
                    <Icon name="folder" size={14} />
                    {folderOf(entry)}
                  </span>
                  {entry.snippet !== undefined && (
                    <span className={css.snippet}>
                      <Marked text={entry.snippet} words={answered} />
                    </span>
                  )}
                </button>
                <span className={css.facts}>
                  {entry.kind === 'file' && <span>{formatBytes(entry.size)}</span>}
                  <span>{formatMoment(entry.modifiedAt)}</span>
                </span>
                <IconButton icon="move" size={18} label={`Show ${entry.name} in its folder`} onClick={() => onShow(entry)} />
              </li>
            ))}
          </ul>
          {next !== null && (
            <div className={css.more}>
              <Button onClick={search.more}>More results</Button>
            </div>
          )}
        </div>
      )}
      <p className={css.count} role="status" aria-label="Search progress">
        {status === 'ready' && found.length > 0 && `${formatCount(found.length, 'result')}${next === null ? '' : ' so far'}`}
        {status === 'searching' && 'Searching…'}
      </p>
    </div>
  );
}

/** Where it lies, in words: the root has no name in a path. */
function folderOf({ path = '' }: Found): string {
  const folders = path.split('/').filter(Boolean).slice(0, -1);
  return ['My files', ...folders].join(' › ');
}

/** The words that were looked for stand out. */
function Marked({ text, words }: { text: string; words: string }) {
  const parts = words.split(/\s+/).filter(Boolean).map(RegExp.escape);
  if (parts.length === 0) return text;
  const pieces = text.split(new RegExp(`(${parts.join('|')})`, 'iu'));
  // With one group every second piece is what matched.
  return pieces.map((piece, index) => (index % 2 === 1 ? <mark key={index}>{piece}</mark> : piece));
}
