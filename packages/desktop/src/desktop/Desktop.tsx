import type { NodeInfo } from '@freehold/protocol';
import type { Account } from '../api/account.ts';
import { UploadPanel } from '../apps/files/UploadPanel.tsx';
import { WindowLayer } from '../windows/WindowLayer.tsx';
import { DesktopIcons } from './DesktopIcons.tsx';
import { Taskbar } from './Taskbar.tsx';
import { Toaster } from './Toaster.tsx';
import css from './Desktop.module.css';

/** What a person sees who is signed in. */
export function Desktop({ node, account }: { node: NodeInfo; account: Account }) {
  return (
    <main className={css.desktop}>
      <h1 className="visually-hidden">Freehold desktop</h1>
      <DesktopIcons />
      <WindowLayer />
      <UploadPanel />
      <Toaster />
      <Taskbar node={node} account={account} />
    </main>
  );
}
