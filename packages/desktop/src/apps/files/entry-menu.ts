import type { Entry } from '../../api/drive.ts';
import type { MenuItem } from '../../components/Menu.tsx';
import type { Section } from './properties/PropertiesDialog.tsx';

export type EntryHandlers = {
  onOpen: (entry: Entry) => void;
  onDownload: (entries: readonly Entry[]) => void;
  onRename: (entry: Entry) => void;
  onMove: (entries: readonly Entry[]) => void;
  onTrash: (entries: readonly Entry[]) => void;
  onCopy: (entries: readonly Entry[]) => void;
  onCut: (entries: readonly Entry[]) => void;
  onProperties: (entry: Entry, section?: Section) => void;
};

/** What may be done to the entries, so that nothing else is offered. */
export type Allowed = { change: boolean; read: boolean; manage: boolean };

/** The context menu of one or more entries. */
export function entryMenu(
  entries: readonly Entry[],
  allowed: Allowed,
  { onOpen, onDownload, onRename, onMove, onTrash, onCopy, onCut, onProperties }: EntryHandlers,
): MenuItem[] {
  const only = entries.length === 1 ? entries[0] : undefined;
  return [
    ...(only ? [{ label: 'Open', icon: 'open', hint: 'Enter', onSelect: () => onOpen(only) } as const] : []),
    ...(allowed.read
      ? ([
          { label: 'Download', icon: 'download', onSelect: () => onDownload(entries) },
          'separator',
          { label: 'Copy', icon: 'copy', hint: 'Ctrl+C', onSelect: () => onCopy(entries) },
        ] as const)
      : []),
    ...(allowed.change
      ? ([
          { label: 'Cut', icon: 'cut', hint: 'Ctrl+X', onSelect: () => onCut(entries) },
          ...(only ? [{ label: 'Rename', icon: 'rename', hint: 'F2', onSelect: () => onRename(only) } as const] : []),
          { label: 'Move to…', icon: 'move', onSelect: () => onMove(entries) },
        ] as const)
      : []),
    ...(only && allowed.manage
      ? ([
          'separator',
          { label: 'Share…', icon: 'people', onSelect: () => onProperties(only, 'shared') },
          { label: 'Properties', icon: 'text', hint: 'Alt+Enter', onSelect: () => onProperties(only) },
        ] as const)
      : []),
    ...(allowed.change
      ? ([
          'separator',
          { label: 'Move to trash', icon: 'trash', hint: 'Delete', isDanger: true, onSelect: () => onTrash(entries) },
        ] as const)
      : []),
  ];
}
