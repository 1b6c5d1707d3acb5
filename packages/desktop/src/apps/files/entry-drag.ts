import { useState, type DragEvent } from 'react';
import type { Entry } from '../../api/drive.ts';

const entriesType = 'application/x-freehold-entries';

/** What is being dragged. The browser shows the data only at the drop, but who may take it must be known before. */
let dragged: readonly Entry[] = [];

export function startEntryDrag(event: DragEvent, entries: readonly Entry[]): void {
  dragged = entries;
  event.dataTransfer.setData(entriesType, JSON.stringify(entries.map(({ id }) => id)));
  event.dataTransfer.effectAllowed = 'move';
}

export const endEntryDrag = (): void => {
  dragged = [];
};

/** Props of something that takes entries. A folder does not take itself. */
export function useEntryDrop(onDrop: ((entries: readonly Entry[]) => void) | undefined, folderId?: string) {
  const [isDropping, setDropping] = useState(false);
  const takes = (event: DragEvent) =>
    onDrop !== undefined && event.dataTransfer.types.includes(entriesType) && !dragged.some(({ id }) => id === folderId);
  return {
    'data-dropping': isDropping,
    onDragOver(event: DragEvent) {
      if (!takes(event)) return;
      event.preventDefault();
      event.stopPropagation();
      event.dataTransfer.dropEffect = 'move';
      setDropping(true);
    },
    onDragLeave: () => setDropping(false),
    onDrop(event: DragEvent) {
      setDropping(false);
      if (!takes(event)) return;
      event.preventDefault();
      event.stopPropagation();
      onDrop?.(dragged);
      endEntryDrag();
    },
  };
}
