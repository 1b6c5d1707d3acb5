/**
 * Puter's permission strings, as they are stored: one spelling for one meaning.
 *
 * - `fs:<entry uid>:<see|list|read|write>`: a file, or a folder with all it holds
 * - `user:<uuid>:email:read`, `apps-of-user:<uuid>:<read|write>`, `subdomains-of-user:<uuid>:<read|write>`
 * - `app-data:<app>[:<kv|fs>[:<class or operation>]]`, `app-root-dir:<app>:<read|write>`
 * - `driver:<interface>[:<method>]`, `flag:app-is-authenticated`
 */
const uuid = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';

/** What each class of key-value operations stands for. `flush` is in none: nobody may empty the store of another app. */
export const keyValueClasses = {
  read: ['get', 'list'],
  write: ['set', 'batchPut', 'add', 'incr', 'decr', 'update'],
  delete: ['del', 'remove', 'expire', 'expireAt'],
} as const;
const keyValueScopes = [...Object.keys(keyValueClasses), ...Object.values(keyValueClasses).flat()].join('|');

const forms = [
  new RegExp(`^fs:${uuid}:(see|list|read|write)$`),
  new RegExp(`^user:${uuid}:email:read$`),
  new RegExp(`^(apps|subdomains)-of-user:${uuid}:(read|write)$`),
  new RegExp(`^app-data:app-${uuid}(:kv(:(${keyValueScopes}))?|:fs(:(read|write|delete))?)?$`),
  new RegExp(`^app-root-dir:app-${uuid}:(read|write)$`),
  /^driver:[a-zA-Z0-9_-]{1,64}(:[a-zA-Z0-9_-]{1,64})?$/,
  /^flag:app-is-authenticated$/,
];

/** The flag that Puter keeps for an app that was let in. Here it follows from that, and taking it away shows the app out. */
export const authenticated = 'flag:app-is-authenticated';

/** As it is stored, or undefined when it is no permission of this node. A file must be named by its uid. */
export function parsePermission(text: string): string | undefined {
  const [family = ''] = text.split(':', 1);
  const normal = family === 'driver' || family === 'app-data' ? text : text.toLowerCase();
  return forms.some((form) => form.test(normal)) ? normal : undefined;
}

/** The parts of `fs:<path or uid>:<right>`; a path may hold colons. */
export function parseFilePermission(text: string): { subject: string; right: FileRight } | undefined {
  const match = /^fs:(.+):(see|list|read|write)$/s.exec(text);
  const right = fileRights.find((known) => known === match?.[2]);
  return match?.[1] !== undefined && right ? { subject: match[1], right } : undefined;
}

/** Each includes those before it. */
export const fileRights = ['see', 'list', 'read', 'write'] as const;
export type FileRight = (typeof fileRights)[number];

/** What every app may do that was let in. */
export const ownPermissions = (app: string): string[] => [authenticated, `app-data:${app}`, 'driver:puter-kvstore'];

/** Whether one who holds `held` has been given `wanted` by name. That a folder's permission reaches its files only the drive can say. */
export const holds = (held: readonly string[], wanted: string): boolean => held.some((permission) => implies(permission, wanted));

function implies(held: string, wanted: string): boolean {
  if (held === wanted) return true;
  const [family, ...parts] = held.split(':');
  const [wantedFamily, ...wantedParts] = wanted.split(':');
  if (family !== wantedFamily) return false;
  if (family === 'driver') return parts.length === 1 && parts[0] === wantedParts[0];
  if (family === 'app-data') return impliesAppData(parts, wantedParts);
  if (family === 'fs') {
    const rank = (right: string | undefined) => fileRights.findIndex((known) => known === right);
    return parts[0] === wantedParts[0] && rank(parts[1]) >= rank(wantedParts[1]);
  }
  const isLeveled = family === 'apps-of-user' || family === 'subdomains-of-user' || family === 'app-root-dir';
  return isLeveled && parts[0] === wantedParts[0] && parts[1] === 'write' && wantedParts[1] === 'read';
}

function impliesAppData([app, store, scope]: string[], [wantedApp, wantedStore, wantedScope]: string[]): boolean {
  if (app !== wantedApp) return false;
  if (store === undefined) return true;
  if (store !== wantedStore) return false;
  if (scope === undefined || scope === wantedScope) return true;
  if (store !== 'kv') return false;
  const operations: readonly string[] | undefined = Object.entries(keyValueClasses).find(([name]) => name === scope)?.[1];
  return wantedScope !== undefined && operations?.includes(wantedScope) === true;
}
