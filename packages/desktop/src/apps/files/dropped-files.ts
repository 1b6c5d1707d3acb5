import type { DriveApi } from '../../api/drive.ts';
import { ApiError } from '../../api/error.ts';

/** A file from the person's computer and the folders it was in, from the outermost on. */
export type LocalFile = { file: File; folders: readonly string[] };

/** What was dropped, folders with all that is in them. Must be called while the drop event is being handled. */
export async function filesOfDrop(transfer: DataTransfer): Promise<LocalFile[]> {
  // The list of items empties itself as soon as the event is over: take everything out of it first.
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  if (entries.length === 0) return [...transfer.files].map((file) => ({ file, folders: [] }));
  const nested = await Promise.all(entries.map((entry) => filesIn(entry, [])));
  return nested.flat();
}

async function filesIn(entry: FileSystemEntry, folders: readonly string[]): Promise<LocalFile[]> {
  if (isFile(entry)) return [{ file: await new Promise<File>((resolve, reject) => entry.file(resolve, reject)), folders }];
  if (!isFolder(entry)) return [];
  const children: FileSystemEntry[] = [];
  const reader = entry.createReader();
  for (;;) {
    // A reader hands out a hundred or so at a time, and an empty list at the end.
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) break;
    children.push(...some);
  }
  return (await Promise.all(children.map((child) => filesIn(child, [...folders, entry.name])))).flat();
}

const isFile = (entry: FileSystemEntry): entry is FileSystemFileEntry => entry.isFile;
const isFolder = (entry: FileSystemEntry): entry is FileSystemDirectoryEntry => entry.isDirectory;

/** Makes the folders that the files need below `parent`, using those that exist, and says where each file goes. */
export async function placeFiles({ drive, parent, files }: { drive: DriveApi; parent: string; files: readonly LocalFile[] }) {
  const made = new Map<string, Promise<string>>();
  const folderFor = (folders: readonly string[]): Promise<string> => {
    const name = folders.at(-1);
    if (name === undefined) return Promise.resolve(parent);
    const key = folders.join('/');
    const known = made.get(key);
    if (known) return known;
    const making = folderFor(folders.slice(0, -1)).then((above) => findOrCreate(drive, above, name));
    made.set(key, making);
    return making;
  };
  return Promise.all(files.map(async ({ file, folders }) => ({ file, parent: await folderFor(folders) })));
}

async function findOrCreate(drive: DriveApi, parent: string, name: string): Promise<string> {
  try {
    return (await drive.createFolder(parent, name)).id;
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 409) throw error;
    const { path = '/' } = await drive.entry(parent);
    return (await drive.stat(`${path.replace(/\/$/, '')}/${name}`)).id;
  }
}
