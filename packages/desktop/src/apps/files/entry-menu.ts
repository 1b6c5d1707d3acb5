import type { Entry } from '../../api/drive.ts';
import type { MenuItem } from '../../components/Menu.tsx';
import type { Section } from './properties/PropertiesDialog.tsx';

export type EntryHandlers = {
  onOpen: (entry: Entry) => void;
  onDownload: (entries: readonly Entry[]) => void;
  onRename: (entry: Entry) => void;
  onMove: (entries: readonly Entry[]) => void;
  onTrash: (entries: readonly Entry[]) => void;
  onProperties: (entry: Entry, section?: Section) => void;
};

/** The context menu of one or more entries. */
export function entryMenu(
  entries: readonly Entry[],
  { onOpen, onDownload, onRename, onMove, onTrash, onProperties }: EntryHandlers,
): MenuItem[] {
  const only = entries.length === 1 ? entries[0] : undefined;
  return [
    ...(only ? [{ label: 'Open', icon: 'open', hint: 'Enter', onSelect: () => onOpen(only) } as const] : []),
    { label: 'Download', icon: 'download', onSelect: () => onDownload(entries) },
    'separator',
    ...(only ? [{ label: 'Rename', icon: 'rename', hint: 'F2', onSelect: () => onRename(only) } as const] : []),
    { label: 'Move to…', icon: 'move', onSelect: () => onMove(entries) },
    ...(only
      ? ([
          'separator',
          { label: 'Share…', icon: 'user', onSelect: () => onProperties(only, 'shared') },
          { label: 'Properties', icon: 'text', hint: 'Alt+Enter', onSelect: () => onProperties(only) },
        ] as const)
      : []),
    'separator',
    { label: 'Move to trash', icon: 'trash', hint: 'Delete', isDanger: true, onSelect: () => onTrash(entries) },
  ];
}
