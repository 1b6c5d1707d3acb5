import type { Account, NodeInfo } from '@freehold/protocol';
import type { DragEvent } from 'react';
import { UploadPanel } from '../apps/files/UploadPanel.tsx';
import { WindowLayer } from '../windows/WindowLayer.tsx';
import { DesktopIcons } from './DesktopIcons.tsx';
import { Taskbar } from './Taskbar.tsx';
import { Toaster } from './Toaster.tsx';
import { useUnpaidAlerts } from './use-unpaid-alerts.ts';
import css from './Desktop.module.css';

/** A file dropped beside a window must not make the browser leave the desktop for it. */
function refuse(event: DragEvent): void {
  if (event.defaultPrevented) return;
  event.preventDefault();
  event.dataTransfer.dropEffect = 'none';
}

/** What a person sees who is signed in. */
export function Desktop({ node, account }: { node: NodeInfo; account: Account }) {
  useUnpaidAlerts(node);
  return (
    <main className={css.desktop} onDragOver={refuse} onDrop={refuse}>
      <h1 className="visually-hidden">Freehold desktop</h1>
      <DesktopIcons />
      <WindowLayer />
      <UploadPanel />
      <Toaster />
      <Taskbar node={node} account={account} />
    </main>
  );
}
