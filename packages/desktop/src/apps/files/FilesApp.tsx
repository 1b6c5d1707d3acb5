import { useEffect, useState } from 'react';
import type { Entry } from '../../api/drive.ts';
import { messageOf } from '../../api/error.ts';
import type { Share } from '../../api/reach.ts';
import { EmptyState } from '../../components/EmptyState.tsx';
import { Button } from '../../components/Button.tsx';
import { useServices } from '../../services.ts';
import type { FilesPlace } from '../../windows/content.ts';
import type { Whereabouts } from './allowed.ts';
import { FilesSidebar } from './FilesSidebar.tsx';
import { FolderView } from './FolderView.tsx';
import { LinksView } from './LinksView.tsx';
import { SearchView } from './SearchView.tsx';
import { SharedView } from './SharedView.tsx';
import { TrashView } from './TrashView.tsx';
import { useWindowKeys } from './use-window-keys.ts';
import css from './FilesApp.module.css';

/** The file manager: a sidebar with the places, and the place that is shown. */
export function FilesApp({ windowId, place }: { windowId: string; place: FilesPlace }) {
  const { api, toasts, windows } = useServices();
  /** From the root to the folder that is shown. */
  const [trail, setTrail] = useState<readonly Entry[]>([]);
  /** The same in a folder of another, from what was shared. */
  const [abroad, setAbroad] = useState<Whereabouts | null>(null);
  const [search, setSearch] = useState<'closed' | 'open' | 'left'>('closed');
  const [reveal, setReveal] = useState<string>();
  const [problem, setProblem] = useState<string | null>(null);
  const root = trail[0];

  useEffect(() => {
    if (root || problem) return;
    api.drive.root().then(
      (entry) => setTrail([entry]),
      (error: unknown) => setProblem(messageOf(error)),
    );
  }, [api, root, problem]);

  const show = (next: FilesPlace) => windows.dispatch({ type: 'show', id: windowId, content: { app: 'files', place: next } });
  const walk = (next: readonly Entry[], found?: string) => {
    setReveal(found);
    setSearch('closed');
    setTrail(next);
  };
  const go = (next: FilesPlace) => {
    show(next);
    setAbroad(null);
    walk(trail.slice(0, 1));
  };
  useWindowKeys(windowId, (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey || event.key !== 'f') return false;
    setSearch('open');
    return true;
  });

  /** Goes to what was found: into a folder, or to where a file lies. */
  const goTo = async (entry: Entry, target: 'inside' | 'beside') => {
    const names = (entry.path ?? '').split('/').filter(Boolean);
    const folders = target === 'inside' ? names : names.slice(0, -1);
    try {
      const walked = folders.map((_, index) => api.drive.stat(`/${folders.slice(0, index + 1).join('/')}`));
      const next = await Promise.all([api.drive.root(), ...walked]);
      show('home');
      setAbroad(null);
      walk(next, target === 'beside' ? entry.id : undefined);
    } catch (error) {
      toasts.fail(error);
    }
  };
  const openShare = ({ entry, right }: Share) => {
    if (entry.kind === 'folder') setAbroad({ trail: [entry], right });
    else windows.open({ app: 'viewer', entry });
  };

  const view = () => {
    if (problem)
      return (
        <EmptyState icon="alert" title="Your files did not load" action={<Button onClick={() => setProblem(null)}>Try again</Button>}>
          {problem}
        </EmptyState>
      );
    if (search === 'open')
      return (
        <SearchView
          onClose={() => setSearch('left')}
          onOpen={(entry) => (entry.kind === 'folder' ? void goTo(entry, 'inside') : windows.open({ app: 'viewer', entry }))}
          onShow={(entry) => void goTo(entry, 'beside')}
        />
      );
    if (place === 'trash') return <TrashView />;
    if (place === 'links') return <LinksView />;
    const folder = { windowId, onSearch: () => setSearch('open') };
    if (place === 'shared')
      return abroad ? (
        <FolderView
          key={abroad.trail.at(-1)?.id}
          {...folder}
          {...abroad}
          onGo={(next) => setAbroad({ ...abroad, trail: next })}
          base={{ name: 'Shared with me', onGo: () => setAbroad(null) }}
        />
      ) : (
        <SharedView onOpen={openShare} />
      );
    return (
      root && (
        <FolderView
          key={trail.at(-1)?.id}
          {...folder}
          trail={trail}
          right="manage"
          onGo={(next) => walk(next)}
          reveal={reveal}
          isBackFromSearch={search === 'left'}
        />
      )
    );
  };
  return (
    <div className={css.files}>
      <FilesSidebar place={place} onGo={go} />
      {view()}
    </div>
  );
}
