import { defaultRangeExtractor, useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useMemo, useRef, type KeyboardEvent, type MouseEvent } from 'react';
import type { Entry } from '../../api/drive.ts';
import { useMedia } from '../../components/use-media.ts';
import { EntryRow, type RowHandlers } from './EntryRow.tsx';
import { GridHead } from './GridHead.tsx';
import { rowAfterKey, type Selection, type SelectionAction } from './selection.ts';
import type { Sort } from './sort.ts';
import css from './EntryGrid.module.css';

type Props = RowHandlers & {
  label: string;
  entries: readonly Entry[];
  timeColumn: 'Modified' | 'Deleted';
  sort: Sort;
  onSort: (sort: Sort) => void;
  selection: Selection;
  select: (action: SelectionAction) => void;
  renaming: string | null;
  /** The selected row is what somebody looked for: it comes into sight and takes the keyboard. */
  isRevealing?: boolean;
  onOpen: (entry: Entry) => void;
  /** Keys that the grid itself does not know. True when it was one. */
  onKey: (event: KeyboardEvent) => boolean;
};

const letterPauseMs = 700;
const headHeight = 36;

/** A list of entries of any length: only the rows in sight exist. One row is in the tab order; arrows move among them. */
export function EntryGrid(props: Props) {
  const { label, entries, selection, select, onOpen, onKey, sort, onSort, timeColumn, renaming } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const rowHeight = useMedia('(pointer: coarse)') ? 52 : 42;
  const order = useMemo(() => entries.map(({ id }) => id), [entries]);
  const focusIndex = selection.focus === null ? -1 : order.indexOf(selection.focus);
  const typed = useRef({ text: '', at: 0 });
  /** True when the next change of the focused row must move the browser's focus too. */
  const wantsFocus = useRef(props.isRevealing ?? false);

  const virtual = useVirtualizer({
    count: entries.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 8,
    scrollMargin: headHeight,
    scrollPaddingStart: headHeight,
    getItemKey: (index) => order[index] ?? index,
    // The row with the focus stays even out of sight, or the keyboard would lose its place.
    rangeExtractor: (range) =>
      [...new Set([...defaultRangeExtractor(range), ...(focusIndex >= 0 ? [focusIndex] : [])])].sort((a, b) => a - b),
  });
  useEffect(() => virtual.measure(), [virtual, rowHeight]);

  useEffect(() => {
    if (!wantsFocus.current || focusIndex < 0) return;
    wantsFocus.current = false;
    virtual.scrollToIndex(focusIndex);
    requestAnimationFrame(() =>
      scroller.current?.querySelector<HTMLElement>(`[data-index="${focusIndex}"]`)?.focus({ preventScroll: true }),
    );
  }, [virtual, focusIndex, selection]);

  /** Back to the row after its name was edited. */
  const wasRenaming = useRef(renaming);
  useEffect(() => {
    if (wasRenaming.current !== null && renaming === null)
      scroller.current?.querySelector<HTMLElement>('[role=row][tabindex="0"]')?.focus();
    wasRenaming.current = renaming;
  }, [renaming]);

  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    if (event.defaultPrevented || event.target instanceof HTMLInputElement) return;
    // Alt belongs to the windows, but for the one key that the list itself may know.
    if (event.altKey && event.key !== 'Enter') return;
    const rows = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / rowHeight) - 1);
    const target = rowAfterKey(event.key, selection.focus, order, rows);
    const focused = entries[focusIndex];
    if (target !== undefined) {
      wantsFocus.current = true;
      select({ type: event.shiftKey ? 'range' : event.ctrlKey || event.metaKey ? 'focus' : 'only', id: target });
    } else if ((event.ctrlKey || event.metaKey) && event.key === 'a') select({ type: 'all' });
    else if (event.key === ' ' && focused) select({ type: 'toggle', id: focused.id });
    else if (event.key === 'Enter' && !event.altKey && focused) onOpen(focused);
    else if (event.key === 'Escape' && selection.ids.size > 0) select({ type: 'none' });
    else if (!onKey(event) && !jumpToLetters(event)) return;
    event.preventDefault();
  };

  const jumpToLetters = ({ key, ctrlKey, metaKey, timeStamp }: KeyboardEvent): boolean => {
    if (key.length !== 1 || ctrlKey || metaKey) return false;
    const text = (timeStamp - typed.current.at < letterPauseMs ? typed.current.text : '') + key.toLowerCase();
    typed.current = { text, at: timeStamp };
    const found = entries.find(({ name }) => name.toLowerCase().startsWith(text));
    if (!found) return false;
    wantsFocus.current = true;
    select({ type: 'only', id: found.id });
    return true;
  };

  const onRowClick = (event: MouseEvent, { id }: Entry) =>
    select({ type: event.shiftKey ? 'range' : event.ctrlKey || event.metaKey ? 'toggle' : 'only', id });

  return (
    <div
      ref={scroller}
      className={css.grid}
      role="grid"
      aria-label={label}
      aria-rowcount={entries.length + 1}
      aria-multiselectable="true"
      onKeyDown={onKeyDown}
    >
      <GridHead sort={sort} onSort={onSort} timeColumn={timeColumn} />
      <div role="rowgroup" className={css.body} style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map(({ index, start, size }) => {
          const entry = entries[index];
          if (!entry) return null;
          return (
            <EntryRow
              key={entry.id}
              {...props}
              entry={entry}
              index={index}
              top={start - headHeight}
              height={size}
              isSelected={selection.ids.has(entry.id)}
              isTabStop={index === Math.max(0, focusIndex)}
              isRenaming={renaming === entry.id}
              onClick={onRowClick}
            />
          );
        })}
      </div>
    </div>
  );
}
