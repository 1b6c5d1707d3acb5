/** Puter's clients know an entry by a UUID: the entry's id in 8-4-4-4-12. */
export const uidOfId = (id: string) => id.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');

/** The entry id of a UUID, or undefined when it is none. */
export const idOfUid = (uid: string): string | undefined =>
  /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(uid) ? uid.replaceAll('-', '').toLowerCase() : undefined;
