import { lazy, Suspense } from 'react';
import type { WindowContent } from '../windows/content.ts';
import { FilesApp } from './files/FilesApp.tsx';

const FunctionsApp = lazy(() => import('./functions/FunctionsApp.tsx').then(({ FunctionsApp }) => ({ default: FunctionsApp })));
const ViewerApp = lazy(() => import('./viewer/ViewerApp.tsx').then(({ ViewerApp }) => ({ default: ViewerApp })));

/** The app that belongs to a window's content. */
export function AppView({ windowId, content }: { windowId: string; content: WindowContent }) {
  if (content.app === 'files') return <FilesApp windowId={windowId} place={content.place} />;
  return <Suspense>{content.app === 'functions' ? <FunctionsApp /> : <ViewerApp entry={content.entry} />}</Suspense>;
}
