import { appFolder, type Drive } from '@freehold/drive';
import { isAppUid } from '@freehold/identity';
import type { Address } from '@freehold/protocol';
import { uidOfId } from '../../http/uid.ts';

/** The folder of an app in somebody's home, by its Puter path. */
export const pathOfAppFolder = (home: Address, app: string) => `/${home}/${appFolder}/${app}`;

/** Makes the folder of an app unless it is there; answers its id. */
export async function ensureAppFolder(drive: Drive, home: Address, app: string): Promise<string> {
  const own = drive.of(home);
  return (await own.createPath({ parent: (await own.root()).id, names: [appFolder, app] })).id;
}

/**
 * The files that go with a permission about the data of an app: its folder, for reading or for writing. A drive knows no apps, so
 * that part is given as a permission for the folder. Undefined for permissions about anything else.
 */
export async function folderPermission(drive: Drive, home: Address, permission: string): Promise<string | undefined> {
  const [family, app = '', store, scope] = permission.split(':');
  const isData = family === 'app-data' && (store === undefined || store === 'fs');
  const isFolder = family === 'app-root-dir';
  if (!isAppUid(app) || !(isData || isFolder)) return undefined;
  const right = (isFolder ? store : scope) === 'read' ? 'read' : 'write';
  return `fs:${uidOfId(await ensureAppFolder(drive, home, app))}:${right}`;
}
