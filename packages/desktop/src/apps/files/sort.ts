import type { Entry } from '../../api/drive.ts';

export type SortKey = 'name' | 'size' | 'modified';
export type Sort = { key: SortKey; descending: boolean };

const names = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });

/** Folders first, then by the chosen column; equal ones by name, as people read it ("2" before "10"). `isLast` goes below all others. */
export function sortEntries(
  entries: readonly Entry[],
  { key, descending }: Sort,
  isLast: (entry: Entry) => boolean = () => false,
): Entry[] {
  const direction = descending ? -1 : 1;
  const compare = (a: Entry, b: Entry): number => {
    if (isLast(a) !== isLast(b)) return isLast(a) ? 1 : -1;
    if (a.kind !== b.kind) return a.kind === 'folder' ? -1 : 1;
    const byKey = key === 'size' ? a.size - b.size : key === 'modified' ? a.modifiedAt - b.modifiedAt : 0;
    return direction * (byKey || names.compare(a.name, b.name));
  };
  return entries.toSorted(compare);
}
