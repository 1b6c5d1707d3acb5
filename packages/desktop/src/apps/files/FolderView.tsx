import { useEffect, useMemo, useRef, useState, type KeyboardEvent } from 'react';
import { useStore } from 'zustand';
import type { Entry } from '../../api/drive.ts';
import { isAbort } from '../../api/error.ts';
import { Button } from '../../components/Button.tsx';
import { EmptyState } from '../../components/EmptyState.tsx';
import { formatCount } from '../../components/format.ts';
import { Menu, type MenuAnchor } from '../../components/Menu.tsx';
import { Icon } from '../../icons.tsx';
import { useServices } from '../../services.ts';
import { allowedFor, isFixed, isForApps, mayAtLeast, type Whereabouts } from './allowed.ts';
import { Breadcrumbs, nameOfFolder } from './Breadcrumbs.tsx';
import { filesOfDrop, placeFiles, type LocalFile } from './dropped-files.ts';
import { EntryGrid } from './EntryGrid.tsx';
import { entryMenu } from './entry-menu.ts';
import { MoveDialog } from './MoveDialog.tsx';
import { PropertiesDialog, type Section } from './properties/PropertiesDialog.tsx';
import { NewFolderDialog } from './NewFolderDialog.tsx';
import { SearchButton } from './SearchButton.tsx';
import { SelectionBar } from './SelectionBar.tsx';
import { sortEntries, type Sort } from './sort.ts';
import { ToolButton } from './ToolButton.tsx';
import { useEntryActions } from './use-entry-actions.ts';
import { useFileDrop } from './use-file-drop.ts';
import { useListing } from './use-listing.ts';
import { useSelection } from './use-selection.ts';
import { isTyping, useWindowKeys } from './use-window-keys.ts';
import css from './FilesApp.module.css';

type Props = Whereabouts & {
  windowId: string;
  onGo: (trail: readonly Entry[]) => void;
  /** For a folder of another: the place where it was found. */
  base?: { name: string; onGo: () => void };
  /** What is selected and brought into sight when the folder is there. */
  reveal?: string | undefined;
  onSearch: () => void;
  /** Whether the search was closed just now: the keyboard goes back to its button. */
  isBackFromSearch?: boolean;
};

/** One folder and everything that can be done in it with the right that one has. */
export function FolderView({ windowId, trail, right, onGo, base, reveal, onSearch, isBackFromSearch = false }: Props) {
  const { api, clipboard, toasts, uploads } = useServices();
  const where = { trail, right };
  const isOwn = base === undefined;
  const mayWrite = mayAtLeast(right, 'write');
  const clip = useStore(clipboard.store);
  const folder = trail.at(-1);
  const folderId = folder?.id ?? '';
  const { status, entries: unsorted, problem, listing } = useListing({ kind: 'folder', id: folderId });
  const actions = useEntryActions(listing);
  const [sort, setSort] = useState<Sort>({ key: 'name', descending: false });
  const entries = useMemo(() => sortEntries(unsorted, sort, (entry) => isForApps(entry, { trail })), [unsorted, sort, trail]);
  const order = useMemo(() => entries.map(({ id }) => id), [entries]);
  const { selection, select } = useSelection(order);
  const [renaming, setRenaming] = useState<string | null>(null);
  const [moving, setMoving] = useState<readonly Entry[] | null>(null);
  const [properties, setProperties] = useState<{ entry: Entry; section?: Section } | null>(null);
  const [isCreating, setCreating] = useState(false);
  const [menu, setMenu] = useState<{ entry: Entry; anchor: MenuAnchor } | null>(null);
  const picker = useRef<HTMLInputElement>(null);
  const chosen = entries.filter(({ id }) => selection.ids.has(id));
  const allowed = allowedFor(chosen, where);

  useEffect(() => {
    if (reveal !== undefined && status === 'ready') select({ type: 'only', id: reveal });
    // Once, when the folder is there: afterwards the selection is the person's.
  }, [reveal, status]);

  const open = (entry: Entry) => (entry.kind === 'folder' ? onGo([...trail, entry]) : actions.open(entry));
  const upload = async (files: readonly LocalFile[]) => {
    try {
      await uploads.add(await placeFiles({ drive: api.drive, parent: folderId, files }));
      if (!isOwn) listing.reload();
    } catch (error) {
      if (!isAbort(error)) toasts.fail(error);
    }
  };
  const fileDrop = useFileDrop((transfer) => void filesOfDrop(transfer).then(upload, toasts.fail));
  const pickFiles = () => picker.current?.click();

  /** Whether the entries may be changed; if not, it is said why. */
  const mayChange = (list: readonly Entry[]): boolean => {
    if (list.length === 0 || allowedFor(list, where).change) return list.length > 0;
    const kept = list.find((entry) => isFixed(entry, where));
    toasts.say(
      kept
        ? `“${kept.name}” is a folder that every drive has. It keeps its name and its place.`
        : 'You may read this, but not change it. Ask its owner for more.',
    );
    return false;
  };
  const trash = (list: readonly Entry[]) => {
    if (mayChange(list)) void (isOwn ? actions.trash(list) : actions.trashOfAnother(list));
  };
  const copy = (list: readonly Entry[]) => {
    if (list.length === 0 || !allowed.read) return;
    clipboard.put({ mode: 'copy', entries: list });
    // The way to another folder, and “Paste”, are in the place of the selection.
    select({ type: 'none' });
    toasts.say(`Copied ${what(list)}. Paste it in any folder with Ctrl+V.`);
  };
  const cut = (list: readonly Entry[]) => {
    if (!mayChange(list)) return;
    clipboard.put({ mode: 'cut', entries: list });
    select({ type: 'none' });
    toasts.say(`Cut ${what(list)}. Paste it in another folder with Ctrl+V.`);
  };
  const paste = () => {
    if (!folder || !mayWrite) return;
    const taken = clipboard.take();
    if (taken) void (taken.mode === 'cut' ? actions.move(taken.entries, folder) : actions.copy(taken.entries, folder));
  };
  useWindowKeys(windowId, (event) => {
    if (isTyping(event) || event.altKey || event.shiftKey || !(event.ctrlKey || event.metaKey)) return false;
    const isText = getSelection()?.type === 'Range';
    if (event.key === 'c' && chosen.length > 0 && !isText) copy(chosen);
    else if (event.key === 'x' && chosen.length > 0 && !isText) cut(chosen);
    else if (event.key === 'v' && clip) paste();
    else return false;
    return true;
  });

  const onKey = (event: KeyboardEvent) => {
    const only = chosen.length === 1 ? chosen[0] : undefined;
    if (event.key === 'F2' && only) {
      if (mayChange([only])) setRenaming(only.id);
    } else if (event.key === 'Enter' && event.altKey && only && allowed.manage) setProperties({ entry: only });
    else if (event.key === 'Delete' && chosen.length > 0) trash(chosen);
    else if (event.key === 'Backspace' && trail.length > 1) onGo(trail.slice(0, -1));
    else if (event.key === 'Backspace' && base) base.onGo();
    else return false;
    return true;
  };
  const dragOf = (entry: Entry) => (selection.ids.has(entry.id) ? chosen : [entry]);
  const drop = mayWrite ? (list: readonly Entry[], target: Entry) => mayChange(list) && void actions.move(list, target) : undefined;
  const onMenu = (entry: Entry, anchor: MenuAnchor) => {
    if (!selection.ids.has(entry.id)) select({ type: 'only', id: entry.id });
    setMenu({ entry, anchor });
  };
  const menuEntries = menu && (selection.ids.has(menu.entry.id) ? chosen : [menu.entry]);
  const handlers = {
    onOpen: open,
    onRename: (entry: Entry) => setRenaming(entry.id),
    onMove: setMoving,
    onTrash: trash,
    onCopy: copy,
    onCut: cut,
    onDownload: actions.download,
    onProperties: (entry: Entry, section?: Section) => setProperties({ entry, ...(section && { section }) }),
  };

  return (
    <div className={css.view} {...(mayWrite && fileDrop.props)}>
      <div className={css.bar}>
        {chosen.length > 0 ? (
          <SelectionBar chosen={chosen} allowed={allowed} {...handlers} onClear={() => select({ type: 'none' })} />
        ) : (
          <>
            <Breadcrumbs trail={trail} base={base} onGo={onGo} onDropOn={drop} />
            {isOwn && <SearchButton onClick={onSearch} takesFocus={isBackFromSearch} />}
            {mayWrite && (
              <>
                {clip && (
                  <ToolButton icon="paste" onClick={paste}>
                    Paste
                  </ToolButton>
                )}
                <ToolButton icon="folderPlus" onClick={() => setCreating(true)}>
                  New folder
                </ToolButton>
                <ToolButton icon="upload" kind="primary" onClick={pickFiles}>
                  Upload files
                </ToolButton>
              </>
            )}
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
          label={`Files in ${folder ? nameOfFolder(folder, isOwn) : ''}`}
          entries={entries}
          timeColumn="Modified"
          sort={sort}
          onSort={setSort}
          selection={selection}
          select={select}
          renaming={renaming}
          isRevealing={reveal !== undefined}
          isDim={(entry) => isForApps(entry, where) || (clip?.mode === 'cut' && clip.entries.some(({ id }) => id === entry.id))}
          onOpen={open}
          onKey={onKey}
          onMenu={onMenu}
          dragOf={mayWrite ? dragOf : undefined}
          onDropOn={drop}
          onRename={actions.rename}
          onRenameEnd={() => setRenaming(null)}
        />
      ) : status === 'ready' ? (
        mayWrite ? (
          <EmptyState
            icon="upload"
            title="This folder is empty"
            action={
              <Button icon="upload" onClick={pickFiles}>
                Choose files
              </Button>
            }
          >
            Drag files or whole folders from your computer into this window.{' '}
            {isOwn
              ? 'They are stored on your own node and nowhere else.'
              : 'They are stored in the drive of the person who shared the folder.'}
          </EmptyState>
        ) : (
          <EmptyState icon="folder" title="This folder is empty">
            You may look into it. What its owner puts here shows up when you open it again.
          </EmptyState>
        )
      ) : status === 'gone' ? (
        <EmptyState
          icon="folder"
          title="This folder is gone"
          action={<Button onClick={base?.onGo ?? (() => onGo(trail.slice(0, 1)))}>Go to {base?.name ?? 'My files'}</Button>}
        >
          {isOwn
            ? 'It was moved to the trash or deleted, here or on another device.'
            : 'Its owner moved it, deleted it, or no longer shares it with you.'}
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
          items={entryMenu(menuEntries, allowedFor(menuEntries, where), handlers)}
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

const what = (entries: readonly Entry[]) => (entries.length === 1 ? `“${entries[0]?.name}”` : formatCount(entries.length, 'item'));
