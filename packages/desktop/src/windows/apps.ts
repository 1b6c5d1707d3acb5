import type { IconName } from '../icons.tsx';
import type { AppId, WindowContent } from './content.ts';
import type { Size } from './reducer.ts';

export type App = {
  id: AppId;
  name: string;
  icon: IconName;
  tint: 'green' | 'amber' | 'blue' | 'stone';
  size: Size;
  title: (content: WindowContent) => string;
};

/** What the desktop can show. The components themselves are in `AppView.tsx`, loaded when first opened. */
const apps: Record<AppId, App> = {
  files: { id: 'files', name: 'Files', icon: 'folder', tint: 'green', size: { width: 920, height: 600 }, title: () => 'Files' },
  functions: {
    id: 'functions',
    name: 'Functions',
    icon: 'functions',
    tint: 'amber',
    size: { width: 980, height: 640 },
    title: () => 'Functions',
  },
  earnings: {
    id: 'earnings',
    name: 'Earnings',
    icon: 'coins',
    tint: 'green',
    size: { width: 900, height: 640 },
    title: () => 'Earnings',
  },
  calculator: {
    id: 'calculator',
    name: 'Calculator',
    icon: 'calculator',
    tint: 'stone',
    size: { width: 340, height: 520 },
    title: () => 'Calculator',
  },
  processor: {
    id: 'processor',
    name: 'File processor',
    icon: 'text',
    tint: 'blue',
    size: { width: 560, height: 580 },
    title: () => 'File processor',
  },
  environment: {
    id: 'environment',
    name: 'Environment reader',
    icon: 'program',
    tint: 'green',
    size: { width: 620, height: 520 },
    title: () => 'Environment reader',
  },
  viewer: {
    id: 'viewer',
    name: 'Viewer',
    icon: 'eye',
    tint: 'blue',
    size: { width: 760, height: 560 },
    title: (content) => (content.app === 'viewer' ? content.entry.name : 'Viewer'),
  },
};

export const appOf = ({ app }: { app: AppId }): App => apps[app];
/** Small programs that run on the node, started from the launcher. */
export const programs = ['calculator', 'processor', 'environment'] as const;
export const launchable = [apps.files, apps.functions] as const;
