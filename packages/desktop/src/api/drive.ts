import { entryList, found, usage, type EntryList, type Found } from '@freehold/protocol';
import { nothing, type Request } from './request.ts';
import { inPartsFrom, uploadInParts } from './upload-parts.ts';
import { uploadBytes } from './upload.ts';

export type { Found };
/** A page of what was found. It may be empty and still have a next. */
export type FoundPage = { entries: Found[]; next: string | null };

/** A name in the drive: a file or a folder. */
export type Entry = EntryList['entries'][number];
export type OnConflict = 'fail' | 'replace' | 'rename';
export type Usage = { usedBytes: number; quotaBytes: number };
type Page = { after?: string | undefined; signal?: AbortSignal | undefined };
type UploadTarget = { parent: string; file: File; onConflict: OnConflict; onProgress: (sentBytes: number) => void; signal: AbortSignal };

/** As many entries as one page of a folder holds. */
const pageSize = 500;
const entry = entryList.shape.entries.element;
const foundPage = entryList.extend({ entries: found.array() });
const part = encodeURIComponent;
const query = (values: Record<string, string | undefined>) =>
  new URLSearchParams(Object.entries(values).filter((pair): pair is [string, string] => pair[1] !== undefined)).toString();

export type DriveApi = ReturnType<typeof createDriveApi>;

export function createDriveApi(request: Request) {
  return {
    root: (): Promise<Entry> => request(entry, '/api/drive/root'),
    entry: (id: string): Promise<Entry> => request(entry, `/api/drive/entries/${part(id)}`),
    stat: (path: string): Promise<Entry> => request(entry, `/api/drive/stat?${query({ path })}`),
    list: (parent: string, { after, signal }: Page = {}): Promise<EntryList> =>
      request(entryList, `/api/drive/entries?${query({ parent, after, limit: String(pageSize) })}`, { signal }),
    createFolder: (parent: string, name: string): Promise<Entry> =>
      request(entry, '/api/drive/folders', { method: 'POST', body: { parent, name } }),
    upload: ({ parent, file, onConflict, onProgress, signal }: UploadTarget): Promise<Entry> =>
      file.size >= inPartsFrom
        ? uploadInParts({
            shape: entry,
            request,
            sendPart: uploadBytes,
            target: { parent, name: file.name, onConflict },
            file,
            onProgress,
            signal,
          })
        : uploadBytes({
            shape: entry,
            path: `/api/drive/files?${query({ parent, name: file.name, onConflict })}`,
            body: file,
            onProgress,
            signal,
          }),
    change: (id: string, change: { name?: string; parent?: string }): Promise<Entry> =>
      request(entry, `/api/drive/entries/${part(id)}`, { method: 'PATCH', body: change }),
    copy: (id: string, parent: string): Promise<Entry> =>
      request(entry, `/api/drive/entries/${part(id)}/copy`, { method: 'POST', body: { parent, onConflict: 'rename' } }),
    /** By name and by content. */
    search: (text: string, { after, signal }: Page = {}): Promise<FoundPage> =>
      request(foundPage, `/api/drive/search?${query({ text, after, limit: '50' })}`, { signal }),
    thumbnailUrl: (id: string): string => `/api/drive/files/${part(id)}/thumbnail`,
    moveToTrash: (id: string): Promise<Entry> => request(entry, `/api/drive/entries/${part(id)}`, { method: 'DELETE' }),
    listTrash: ({ after, signal }: Page = {}): Promise<EntryList> =>
      request(entryList, `/api/drive/trash?${query({ after, limit: String(pageSize) })}`, { signal }),
    restore: (id: string): Promise<Entry> => request(entry, `/api/drive/trash/${part(id)}/restore`, { method: 'POST' }),
    deleteForever: (id: string): Promise<void> => request(nothing, `/api/drive/trash/${part(id)}`, { method: 'DELETE' }),
    emptyTrash: (): Promise<void> => request(nothing, '/api/drive/trash', { method: 'DELETE' }),
    usage: (): Promise<Usage> => request(usage, '/api/drive/usage'),
    contentUrl: (id: string, { download = false } = {}): string => `/api/drive/files/${part(id)}/content${download ? '?download=1' : ''}`,
  };
}
