import { useMemo, useState, type KeyboardEvent } from 'react';
import type { Entry } from '../../api/drive.ts';
import { Button, IconButton } from '../../components/Button.tsx';
import { ConfirmDialog } from '../../components/ConfirmDialog.tsx';
import { EmptyState } from '../../components/EmptyState.tsx';
import { formatBytes, formatCount } from '../../components/format.ts';
import { Menu, type MenuAnchor } from '../../components/Menu.tsx';
import { useServices } from '../../services.ts';
import { EntryGrid } from './EntryGrid.tsx';
import { sortEntries, type Sort } from './sort.ts';
import { ToolButton } from './ToolButton.tsx';
import { useEntryActions } from './use-entry-actions.ts';
import { useListing } from './use-listing.ts';
import { useSelection } from './use-selection.ts';
import css from './FilesApp.module.css';

/** What was thrown away and can still be taken back. */
export function TrashView() {
  const { api, toasts } = useServices();
  const { status, entries: unsorted, problem, listing } = useListing({ kind: 'trash' });
  const actions = useEntryActions(listing);
  const [sort, setSort] = useState<Sort>({ key: 'modified', descending: true });
  const entries = useMemo(() => sortEntries(unsorted, sort), [unsorted, sort]);
  const order = useMemo(() => entries.map(({ id }) => id), [entries]);
  const { selection, select } = useSelection(order);
  const [doomed, setDoomed] = useState<readonly Entry[] | 'all' | null>(null);
  const [menu, setMenu] = useState<{ entry: Entry; anchor: MenuAnchor } | null>(null);
  const chosen = entries.filter(({ id }) => selection.ids.has(id));

  const destroy = async () => {
    if (doomed === 'all') {
      try {
        await api.drive.emptyTrash();
        for (const { id } of entries) listing.remove(id);
        toasts.say('The trash is empty.');
      } catch (error) {
        toasts.fail(error);
      }
    } else if (doomed) await actions.deleteForever(doomed);
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key !== 'Delete' || chosen.length === 0) return false;
    setDoomed(chosen);
    return true;
  };
  const lost = doomed === 'all' ? entries : (doomed ?? []);

  return (
    <div className={css.view}>
      <div className={css.bar}>
        {chosen.length > 0 ? (
          <div className={css.actions} role="toolbar" aria-label="Selected files">
            <IconButton icon="close" label="Clear selection" size={18} onClick={() => select({ type: 'none' })} />
            <b>{chosen.length.toLocaleString()} selected</b>
            <ToolButton kind="quiet" icon="restore" onClick={() => void actions.restore(chosen)}>
              Restore
            </ToolButton>
            <ToolButton kind="quiet" icon="trash" onClick={() => setDoomed(chosen)}>
              Delete forever
            </ToolButton>
          </div>
        ) : (
          <>
            <h3>Trash</h3>
            {entries.length > 0 && (
              <ToolButton icon="trash" onClick={() => setDoomed('all')}>
                Empty trash
              </ToolButton>
            )}
          </>
        )}
      </div>
      {entries.length > 0 ? (
        <EntryGrid
          label="Files in the trash"
          entries={entries}
          timeColumn="Deleted"
          sort={sort}
          onSort={setSort}
          selection={selection}
          select={select}
          renaming={null}
          onOpen={(entry) =>
            toasts.say(`Restore “${entry.name}” to open it.`, { label: 'Restore', run: () => void actions.restore([entry]) })
          }
          onKey={onKey}
          onMenu={(entry, anchor) => {
            if (!selection.ids.has(entry.id)) select({ type: 'only', id: entry.id });
            setMenu({ entry, anchor });
          }}
        />
      ) : status === 'failed' ? (
        <EmptyState icon="alert" title="The trash did not load" action={<Button onClick={listing.start}>Try again</Button>}>
          {problem}
        </EmptyState>
      ) : (
        status === 'ready' && (
          <EmptyState icon="trash" title="The trash is empty">
            What you delete waits here, so that you can change your mind. Nothing leaves it unless you say so.
          </EmptyState>
        )
      )}
      {entries.length > 0 && <p className={css.status}>{formatCount(entries.length, 'item')} in the trash</p>}
      {menu && (
        <Menu
          label={`Actions for ${menu.entry.name}`}
          anchor={menu.anchor}
          onClose={() => setMenu(null)}
          items={[
            { label: 'Restore', icon: 'restore', onSelect: () => void actions.restore(chosen) },
            'separator',
            { label: 'Delete forever', icon: 'trash', isDanger: true, onSelect: () => setDoomed(chosen) },
          ]}
        />
      )}
      {doomed && (
        <ConfirmDialog
          title={doomed === 'all' ? 'Empty the trash?' : 'Delete forever?'}
          action={doomed === 'all' ? `Delete ${formatCount(lost.length, 'item')} forever` : 'Delete forever'}
          onClose={() => setDoomed(null)}
          onConfirm={() => void destroy()}
        >
          <p>
            {lost.length === 1 ? <b>{lost[0]?.name}</b> : formatCount(lost.length, 'item')}
            {lostBytes(lost)} will be gone for good, with everything inside folders and all earlier versions. This cannot be undone.
          </p>
        </ConfirmDialog>
      )}
    </div>
  );
}

const lostBytes = (entries: readonly Entry[]) => {
  const bytes = entries.reduce((sum, { size }) => sum + size, 0);
  return bytes > 0 ? ` (${formatBytes(bytes)})` : '';
};
