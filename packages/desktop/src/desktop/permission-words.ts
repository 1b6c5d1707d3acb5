const verbs = { see: 'See', list: 'List', read: 'Read', write: 'Read and change' } as const;

/** The entry that a permission on a file names, by its id in the drive, or undefined for every other permission. */
export const entryOfPermission = (permission: string): string | undefined =>
  /^fs:([\da-f-]{36}):/.exec(permission)?.[1]?.replaceAll('-', '');

/** A permission of an app in words. `name` is that of the file or folder it names. Unknown ones are shown as they are spelled. */
export function permissionWords(permission: string, name = 'a file or folder'): string {
  const [family = '', subject = '', right = ''] = permission.split(':');
  const verb = Object.entries(verbs).find(([known]) => known === right)?.[1];
  if (family === 'fs' && verb) return `${verb} ${name}`;
  if (family === 'user') return 'Know your e-mail address';
  if (family === 'apps-of-user' && verb) return `${verb} your list of apps`;
  if (family === 'subdomains-of-user' && verb) return `${verb} your list of sites`;
  if (family === 'app-root-dir' && verb) return `${verb} the folder of another app`;
  if (family === 'app-data') return 'Use the data of another app';
  if (family === 'driver') return `Use the service ${subject}`;
  return permission;
}
