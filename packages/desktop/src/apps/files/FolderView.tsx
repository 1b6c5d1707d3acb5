import { useMemo, useRef, useState, type KeyboardEvent } from 'react';
import type { Entry } from '../../api/drive.ts';
import { isAbort } from '../../api/error.ts';
import { Button } from '../../components/Button.tsx';
import { EmptyState } from '../../components/EmptyState.tsx';
import { formatCount } from '../../components/format.ts';
import { Menu, type MenuAnchor } from '../../components/Menu.tsx';
import { Icon } from '../../icons.tsx';
import { useServices } from '../../services.ts';
import { Breadcrumbs } from './Breadcrumbs.tsx';
import { filesOfDrop, placeFiles, type LocalFile } from './dropped-files.ts';
import { EntryGrid } from './EntryGrid.tsx';
import { entryMenu } from './entry-menu.ts';
import { MoveDialog } from './MoveDialog.tsx';
import { PropertiesDialog, type Section } from './properties/PropertiesDialog.tsx';
import { NewFolderDialog } from './NewFolderDialog.tsx';
import { SelectionBar } from './SelectionBar.tsx';
import { sortEntries, type Sort } from './sort.ts';
import { ToolButton } from './ToolButton.tsx';
import { useEntryActions } from './use-entry-actions.ts';
import { useFileDrop } from './use-file-drop.ts';
import { useListing } from './use-listing.ts';
import { useSelection } from './use-selection.ts';
import css from './FilesApp.module.css';

type Props = { trail: readonly Entry[]; onGo: (trail: readonly Entry[]) => void };

/** One folder and everything that can be done in it. */
export function FolderView({ trail, onGo }: Props) {
  const { api, toasts, uploads } = useServices();
  const folder = trail.at(-1);
  const folderId = folder?.id ?? '';
  const { status, entries: unsorted, problem, listing } = useListing({ kind: 'folder', id: folderId });
  const actions = useEntryActions(listing);
  const [sort, setSort] = useState<Sort>({ key: 'name', descending: false });
  const entries = useMemo(() => sortEntries(unsorted, sort), [unsorted, sort]);
  const order = useMemo(() => entries.map(({ id }) => id), [entries]);
  const { selection, select } = useSelection(order);
  const [renaming, setRenaming] = useState<string | null>(null);
  const [moving, setMoving] = useState<readonly Entry[] | null>(null);
  const [properties, setProperties] = useState<{ entry: Entry; section?: Section } | null>(null);
  const [isCreating, setCreating] = useState(false);
  const [menu, setMenu] = useState<{ entry: Entry; anchor: MenuAnchor } | null>(null);
  const picker = useRef<HTMLInputElement>(null);
  const chosen = entries.filter(({ id }) => selection.ids.has(id));

  const open = (entry: Entry) => (entry.kind === 'folder' ? onGo([...trail, entry]) : actions.open(entry));
  const upload = async (files: readonly LocalFile[]) => {
    try {
      await uploads.add(await placeFiles({ drive: api.drive, parent: folderId, files }));
    } catch (error) {
      if (!isAbort(error)) toasts.fail(error);
    }
  };
  const fileDrop = useFileDrop((transfer) => void filesOfDrop(transfer).then(upload, toasts.fail));
  const pickFiles = () => picker.current?.click();

  const onKey = (event: KeyboardEvent) => {
    const only = chosen.length === 1 ? chosen[0] : undefined;
    if (event.key === 'F2' && only) setRenaming(only.id);
    else if (event.key === 'Enter' && event.altKey && only) setProperties({ entry: only });
    else if (event.key === 'Delete' && chosen.length > 0) void actions.trash(chosen);
    else if (event.key === 'Backspace' && trail.length > 1) onGo(trail.slice(0, -1));
    else return false;
    return true;
  };
  const dragOf = (entry: Entry) => (selection.ids.has(entry.id) ? chosen : [entry]);
  const onMenu = (entry: Entry, anchor: MenuAnchor) => {
    if (!selection.ids.has(entry.id)) select({ type: 'only', id: entry.id });
    setMenu({ entry, anchor });
  };
  const menuEntries = menu && (selection.ids.has(menu.entry.id) ? chosen : [menu.entry]);
  const handlers = {
    onOpen: open,
    onRename: (entry: Entry) => setRenaming(entry.id),
    onMove: setMoving,
    onTrash: (list: readonly Entry[]) => void actions.trash(list),
    onDownload: actions.download,
    onProperties: (entry: Entry, section?: Section) => setProperties({ entry, ...(section && { section }) }),
  };

  return (
    <div className={css.view} {...fileDrop.props}>
      <div className={css.bar}>
        {chosen.length > 0 ? (
          <SelectionBar chosen={chosen} {...handlers} onClear={() => select({ type: 'none' })} />
        ) : (
          <>
            <Breadcrumbs trail={trail} onGo={onGo} onDropOn={(list, target) => void actions.move(list, target)} />
            <ToolButton icon="folderPlus" onClick={() => setCreating(true)}>
              New folder
            </ToolButton>
            <ToolButton icon="upload" kind="primary" onClick={pickFiles}>
              Upload files
            </ToolButton>
          </>
        )}
      </div>
      <input
        ref={picker}
        type="file"
        multiple
        hidden
        aria-label="Files to upload"
        onChange={(event) => {
          void upload([...(event.target.files ?? [])].map((file) => ({ file, folders: [] })));
          event.target.value = '';
        }}
      />
      {entries.length > 0 ? (
        <EntryGrid
          label={`Files in ${folder?.parent === null ? 'My files' : folder?.name}`}
          entries={entries}
          timeColumn="Modified"
          sort={sort}
          onSort={setSort}
          selection={selection}
          select={select}
          renaming={renaming}
          onOpen={open}
          onKey={onKey}
          onMenu={onMenu}
          dragOf={dragOf}
          onDropOn={(list, target) => void actions.move(list, target)}
          onRename={actions.rename}
          onRenameEnd={() => setRenaming(null)}
        />
      ) : status === 'ready' ? (
        <EmptyState
          icon="upload"
          title={trail.length > 1 ? 'This folder is empty' : 'A place for your files'}
          action={
            <Button icon="upload" onClick={pickFiles}>
              Choose files
            </Button>
          }
        >
          Drag files or whole folders from your computer into this window. They are stored on your own machine and nowhere else.
        </EmptyState>
      ) : status === 'gone' ? (
        <EmptyState
          icon="folder"
          title="This folder is gone"
          action={<Button onClick={() => onGo(trail.slice(0, 1))}>Go to My files</Button>}
        >
          It was moved to the trash or deleted, here or on another device.
        </EmptyState>
      ) : (
        status === 'failed' && (
          <EmptyState icon="alert" title="This folder did not load" action={<Button onClick={listing.start}>Try again</Button>}>
            {problem}
          </EmptyState>
        )
      )}
      {entries.length > 0 && (
        <p className={css.status}>
          {formatCount(entries.length, 'item')}
          {chosen.length > 0 && ` · ${chosen.length.toLocaleString()} selected`}
        </p>
      )}
      {fileDrop.isOver && (
        <div className={css.dropHint}>
          <Icon name="upload" size={40} />
          Drop to upload here
        </div>
      )}
      {menu && menuEntries && (
        <Menu
          label={`Actions for ${menu.entry.name}`}
          anchor={menu.anchor}
          items={entryMenu(menuEntries, handlers)}
          onClose={() => setMenu(null)}
        />
      )}
      {isCreating && <NewFolderDialog parent={folderId} onClose={() => setCreating(false)} onCreated={listing.apply} />}
      {properties && (
        <PropertiesDialog
          {...properties}
          entry={entries.find(({ id }) => id === properties.entry.id) ?? properties.entry}
          onChange={listing.apply}
          onClose={() => setProperties(null)}
        />
      )}
      {moving && (
        <MoveDialog entries={moving} trail={trail} onClose={() => setMoving(null)} onMove={(target) => void actions.move(moving, target)} />
      )}
    </div>
  );
}
