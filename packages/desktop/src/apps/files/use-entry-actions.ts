import { useMemo } from 'react';
import type { Entry } from '../../api/drive.ts';
import { useServices } from '../../services.ts';
import { formatCount } from '../../components/format.ts';
import { download as downloadUrl } from './download.ts';
import type { Listing } from './listing.ts';

const nameOf = (entries: readonly Entry[]) => (entries.length === 1 ? `“${entries[0]?.name}”` : formatCount(entries.length, 'item'));

/** What can be done to entries, with its messages. With a listing the result is shown before the node's event comes. */
export function useEntryActions(listing?: Listing) {
  const { api, toasts, windows } = useServices();
  return useMemo(() => {
    /** Does the same to each entry. Those that fail are told; the ones that worked are returned. */
    const each = async (entries: readonly Entry[], work: (entry: Entry) => Promise<unknown>): Promise<Entry[]> => {
      const results = await Promise.allSettled(entries.map(work));
      const failure = results.find((result) => result.status === 'rejected');
      if (failure) toasts.fail(failure.reason);
      return entries.filter((_, index) => results[index]?.status === 'fulfilled');
    };
    const restore = async (entries: readonly Entry[]) => {
      const done = await each(entries, async ({ id }) => listing?.apply(await api.drive.restore(id)));
      if (done.length > 0) toasts.say(`Restored ${nameOf(done)}.`);
    };
    return {
      open: (entry: Entry) => windows.open({ app: 'viewer', entry }),
      download(entries: readonly Entry[]) {
        const files = entries.filter(({ kind }) => kind === 'file');
        for (const { id, name } of files) downloadUrl(api.drive.contentUrl(id, { download: true }), name);
        if (files.length < entries.length) toasts.say('Folders cannot be downloaded yet. Open the folder and download its files.');
      },
      /** Errors: ApiError. */
      rename: async (entry: Entry, name: string) => listing?.apply(await api.drive.change(entry.id, { name })),
      async move(entries: readonly Entry[], folder: Entry) {
        const moving = entries.filter(({ parent, id }) => parent !== folder.id && id !== folder.id);
        /** Where each went: in the drive of another it is an entry of its own. */
        const arrived = new Map<string, Entry>();
        const done = await each(moving, async ({ id }) => {
          const there = await api.drive.change(id, { parent: folder.id });
          arrived.set(id, there);
          if (there.id !== id) listing?.remove(id);
          listing?.apply(there);
        });
        if (done.length === 0) return;
        const back = () =>
          void each(
            done,
            async ({ id, parent }) => parent !== null && listing?.apply(await api.drive.change(arrived.get(id)?.id ?? id, { parent })),
          );
        toasts.say(`Moved ${nameOf(done)} to ${folder.parent === null ? 'My files' : `“${folder.name}”`}.`, { label: 'Undo', run: back });
      },
      async copy(entries: readonly Entry[], folder: Entry) {
        const copies: Entry[] = [];
        const done = await each(entries, async ({ id }) => {
          const made = await api.drive.copy(id, folder.id);
          copies.push(made);
          listing?.apply(made);
        });
        if (done.length === 0) return;
        const back = () =>
          void each(copies, async ({ id }) => {
            await api.drive.moveToTrash(id);
            listing?.remove(id);
          });
        toasts.say(`Copied ${nameOf(done)}.`, { label: 'Undo', run: back });
      },
      /** In the drive of another: only its owner takes it out of the trash again. */
      async trashOfAnother(entries: readonly Entry[]) {
        const done = await each(entries, async ({ id }) => {
          await api.drive.moveToTrash(id);
          listing?.remove(id);
        });
        if (done.length > 0) toasts.say(`Moved ${nameOf(done)} to the trash of its owner, who can restore it.`);
      },
      async trash(entries: readonly Entry[]) {
        const done = await each(entries, async ({ id }) => {
          await api.drive.moveToTrash(id);
          listing?.remove(id);
        });
        if (done.length > 0) toasts.say(`Moved ${nameOf(done)} to trash.`, { label: 'Undo', run: () => void restore(done) });
      },
      restore,
      async deleteForever(entries: readonly Entry[]) {
        const done = await each(entries, async ({ id }) => {
          await api.drive.deleteForever(id);
          listing?.remove(id);
        });
        if (done.length > 0) toasts.say(`Deleted ${nameOf(done)} forever.`);
      },
    };
  }, [api, listing, toasts, windows]);
}

export type EntryActions = ReturnType<typeof useEntryActions>;
