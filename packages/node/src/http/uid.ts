/** Puter's clients know an entry by a UUID: the entry's id in 8-4-4-4-12. */
export const uidOfId = (id: string): string =>
  id.length === 32 ? `${id.slice(0, 8)}-${id.slice(8, 12)}-${id.slice(12, 16)}-${id.slice(16, 20)}-${id.slice(20)}` : id;

/** The entry id of a UUID, or undefined when it is none. */
export const idOfUid = (uid: string): string | undefined =>
  /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(uid) ? uid.replaceAll('-', '').toLowerCase() : undefined;
