import { useEffect, useState } from 'react';
import type { Entry } from '../../api/drive.ts';
import { messageOf } from '../../api/error.ts';
import { EmptyState } from '../../components/EmptyState.tsx';
import { Button } from '../../components/Button.tsx';
import { useServices } from '../../services.ts';
import { FilesSidebar } from './FilesSidebar.tsx';
import { FolderView } from './FolderView.tsx';
import { TrashView } from './TrashView.tsx';
import css from './FilesApp.module.css';

/** The file manager: a sidebar with the places, and the place that is shown. */
export function FilesApp({ windowId, place }: { windowId: string; place: 'home' | 'trash' }) {
  const { api, windows } = useServices();
  /** From the root to the folder that is shown. */
  const [trail, setTrail] = useState<readonly Entry[]>([]);
  const [problem, setProblem] = useState<string | null>(null);
  const root = trail[0];

  useEffect(() => {
    if (root || problem) return;
    api.drive.root().then(
      (entry) => setTrail([entry]),
      (error: unknown) => setProblem(messageOf(error)),
    );
  }, [api, root, problem]);

  const show = (next: 'home' | 'trash') => windows.dispatch({ type: 'show', id: windowId, content: { app: 'files', place: next } });
  const goHome = () => {
    show('home');
    setTrail((current) => current.slice(0, 1));
  };
  return (
    <div className={css.files}>
      <FilesSidebar place={place} onHome={goHome} onTrash={() => show('trash')} />
      {problem ? (
        <EmptyState icon="alert" title="Your files did not load" action={<Button onClick={() => setProblem(null)}>Try again</Button>}>
          {problem}
        </EmptyState>
      ) : place === 'trash' ? (
        <TrashView />
      ) : (
        root && <FolderView key={trail.at(-1)?.id} trail={trail} onGo={setTrail} />
      )}
    </div>
  );
}
