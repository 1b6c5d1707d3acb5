/**
 * What may be done with an entry and everything below it, each including those before: `see` that it is there, `list` a folder,
 * `read` content, `write` (create, change, trash), `manage` (share, publish).
 */
export const rights = ['see', 'list', 'read', 'write', 'manage'] as const;
export type Right = (typeof rights)[number];

const rank = (right: Right | undefined) => (right === undefined ? -1 : rights.indexOf(right));

export const includes = (held: Right | undefined, needed: Right): boolean => rank(held) >= rank(needed);
export const greater = (one: Right | undefined, other: Right | undefined): Right | undefined => (rank(one) >= rank(other) ? one : other);
export const lesser = (one: Right | undefined, other: Right | undefined): Right | undefined => (rank(one) <= rank(other) ? one : other);
