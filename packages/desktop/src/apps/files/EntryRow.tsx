import type { MouseEvent } from 'react';
import type { Entry } from '../../api/drive.ts';
import type { MenuAnchor } from '../../components/Menu.tsx';
import { formatBytes, formatMoment } from '../../components/format.ts';
import { Icon } from '../../icons.tsx';
import { endEntryDrag, startEntryDrag, useEntryDrop } from './entry-drag.ts';
import { RenameField } from './RenameField.tsx';
import { Thumbnail } from './Thumbnail.tsx';
import css from './EntryGrid.module.css';

export type RowHandlers = {
  onOpen: (entry: Entry) => void;
  onMenu: (entry: Entry, anchor: MenuAnchor) => void;
  /** The entries that move when this one is dragged; absent where nothing can be moved. */
  dragOf?: ((entry: Entry) => readonly Entry[]) | undefined;
  onDropOn?: ((entries: readonly Entry[], folder: Entry) => void) | undefined;
  onRename?: ((entry: Entry, name: string) => Promise<void>) | undefined;
  onRenameEnd?: (() => void) | undefined;
  /** Drawn fainter: cut, or not for people. */
  isDim?: ((entry: Entry) => boolean) | undefined;
};

type Props = RowHandlers & {
  entry: Entry;
  index: number;
  top: number;
  height: number;
  isSelected: boolean;
  isTabStop: boolean;
  isRenaming: boolean;
  onClick: (event: MouseEvent, entry: Entry) => void;
};

export function EntryRow(props: Props) {
  const { entry, index, top, height, isSelected, isTabStop, isRenaming, onClick, onOpen, onMenu, dragOf, onDropOn } = props;
  const drop = useEntryDrop(entry.kind === 'folder' && onDropOn ? (entries) => onDropOn(entries, entry) : undefined, entry.id);
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      aria-selected={isSelected}
      data-index={index}
      data-dim={props.isDim?.(entry) ?? false}
      tabIndex={isTabStop ? 0 : -1}
      className={`${css.row} ${css.columns}`}
      style={{ transform: `translateY(${top}px)`, height }}
      draggable={dragOf !== undefined && !isRenaming}
      onClick={(event) => onClick(event, entry)}
      onDoubleClick={() => onOpen(entry)}
      onPointerUp={(event) => event.pointerType === 'touch' && isSelected && onOpen(entry)}
      onContextMenu={(event) => {
        event.preventDefault();
        // The menu key reports no place of its own: then it opens at the row.
        onMenu(entry, event.clientX === 0 && event.clientY === 0 ? event.currentTarget : { x: event.clientX, y: event.clientY });
      }}
      onDragStart={(event) => dragOf && startEntryDrag(event, dragOf(entry))}
      onDragEnd={endEntryDrag}
      {...drop}
    >
      <div role="gridcell" className={css.name}>
        <Thumbnail key={entry.cid ?? entry.id} entry={entry} />
        {isRenaming && props.onRename ? (
          <RenameField entry={entry} onRename={props.onRename} onEnd={() => props.onRenameEnd?.()} />
        ) : (
          <span className={css.text}>{entry.name}</span>
        )}
      </div>
      <div role="gridcell" className={css.size}>
        {entry.kind === 'folder' ? '' : formatBytes(entry.size)}
      </div>
      <div role="gridcell" className={css.modified}>
        {formatMoment(entry.trashedAt ?? entry.modifiedAt)}
      </div>
      <div role="gridcell" className={css.more}>
        <button
          type="button"
          tabIndex={-1}
          aria-label={`More for ${entry.name}`}
          onPointerUp={(event) => event.stopPropagation()}
          onDoubleClick={(event) => event.stopPropagation()}
          onClick={(event) => {
            event.stopPropagation();
            onMenu(entry, event.currentTarget);
          }}
        >
          <Icon name="more" />
        </button>
      </div>
    </div>
  );
}
