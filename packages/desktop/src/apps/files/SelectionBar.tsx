import type { Entry } from '../../api/drive.ts';
import { IconButton } from '../../components/Button.tsx';
import type { Allowed, EntryHandlers } from './entry-menu.ts';
import { ToolButton } from './ToolButton.tsx';
import css from './FilesApp.module.css';

type Props = EntryHandlers & { chosen: readonly Entry[]; allowed: Allowed; onClear: () => void };

/** What can be done with the selected entries, in the place of the breadcrumbs. */
export function SelectionBar({ chosen, allowed, onOpen, onDownload, onRename, onMove, onTrash, onClear }: Props) {
  const only = chosen.length === 1 ? chosen[0] : undefined;
  return (
    <div className={css.actions} role="toolbar" aria-label="Selected files">
      <IconButton icon="close" label="Clear selection" size={18} onClick={onClear} />
      <b>{chosen.length.toLocaleString()} selected</b>
      {only && (
        <ToolButton kind="quiet" icon="open" onClick={() => onOpen(only)}>
          Open
        </ToolButton>
      )}
      {allowed.read && (
        <ToolButton kind="quiet" icon="download" onClick={() => onDownload(chosen)}>
          Download
        </ToolButton>
      )}
      {only && allowed.change && (
        <ToolButton kind="quiet" icon="rename" onClick={() => onRename(only)}>
          Rename
        </ToolButton>
      )}
      {allowed.change && (
        <>
          <ToolButton kind="quiet" icon="move" onClick={() => onMove(chosen)}>
            Move to…
          </ToolButton>
          <ToolButton kind="quiet" icon="trash" onClick={() => onTrash(chosen)}>
            Move to trash
          </ToolButton>
        </>
      )}
    </div>
  );
}
