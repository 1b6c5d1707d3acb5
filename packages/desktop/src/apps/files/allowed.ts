import type { Entry } from '../../api/drive.ts';
import type { Share } from '../../api/reach.ts';

export type Right = Share['right'];

/** Folders that every drive has, directly in its root. The node keeps them where they are. */
const fixed: ReadonlySet<string> = new Set(['AppData', 'Desktop', 'Documents', 'Pictures', 'Public', 'Videos']);
const ranks: readonly Right[] = ['see', 'list', 'read', 'write', 'manage'];

/** Where somebody is: the folders down to the one that is shown, and the right that holds in it. */
export type Whereabouts = { trail: readonly Entry[]; right: Right };

export const mayAtLeast = (right: Right, least: Right): boolean => ranks.indexOf(right) >= ranks.indexOf(least);

const inRoot = (entry: Entry, { trail }: Pick<Whereabouts, 'trail'>): boolean => {
  const [root] = trail;
  return root !== undefined && root.parent === null && entry.parent === root.id;
};

/** Whether an entry is one of the folders that no one renames, moves or deletes. */
export const isFixed = (entry: Entry, where: Pick<Whereabouts, 'trail'>): boolean =>
  entry.kind === 'folder' && fixed.has(entry.name) && inRoot(entry, where);

/** Where apps keep their own: seldom looked at by people. */
export const isForApps = (entry: Entry, where: Pick<Whereabouts, 'trail'>): boolean => entry.name === 'AppData' && isFixed(entry, where);

/** What may be done to entries, so that nothing is offered which the node would refuse. */
export function allowedFor(entries: readonly Entry[], where: Whereabouts) {
  const { right } = where;
  return {
    change: mayAtLeast(right, 'write') && !entries.some((entry) => isFixed(entry, where)),
    read: mayAtLeast(right, 'read'),
    manage: mayAtLeast(right, 'manage'),
  };
}
