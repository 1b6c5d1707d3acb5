import { lazy, Suspense } from 'react';
import type { WindowContent } from '../windows/content.ts';
import { FilesApp } from './files/FilesApp.tsx';

const EarningsApp = lazy(() => import('./earnings/EarningsApp.tsx').then(({ EarningsApp }) => ({ default: EarningsApp })));
const FunctionsApp = lazy(() => import('./functions/FunctionsApp.tsx').then(({ FunctionsApp }) => ({ default: FunctionsApp })));
const ViewerApp = lazy(() => import('./viewer/ViewerApp.tsx').then(({ ViewerApp }) => ({ default: ViewerApp })));

const CalculatorApp = lazy(() => import('./programs/CalculatorApp.tsx').then(({ CalculatorApp }) => ({ default: CalculatorApp })));
const FileProcessorApp = lazy(() =>
  import('./programs/FileProcessorApp.tsx').then(({ FileProcessorApp }) => ({ default: FileProcessorApp })),
);
const EnvironmentApp = lazy(() => import('./programs/EnvironmentApp.tsx').then(({ EnvironmentApp }) => ({ default: EnvironmentApp })));

/** The app that belongs to a window's content. */
export function AppView({ windowId, content }: { windowId: string; content: WindowContent }) {
  if (content.app === 'files') return <FilesApp windowId={windowId} place={content.place} />;
  return <Suspense>{laterApp(content)}</Suspense>;
}

function laterApp(content: Exclude<WindowContent, { app: 'files' }>) {
  switch (content.app) {
    case 'functions':
      return <FunctionsApp />;
    case 'earnings':
      return <EarningsApp />;
    case 'calculator':
      return <CalculatorApp />;
    case 'processor':
      return <FileProcessorApp />;
    case 'environment':
      return <EnvironmentApp />;
    default:
      return <ViewerApp entry={content.entry} />;
  }
}
