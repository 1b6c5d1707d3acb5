import { createContext, useContext } from 'react';
import { createApi, type Api } from './api/client.ts';
import { createEvents, type Events } from './api/events.ts';
import { createClipboard, type Clipboard } from './apps/files/clipboard.ts';
import { createUploads, type Uploads } from './apps/files/uploads.ts';
import { createTheme, type ThemeControl } from './desktop/theme.ts';
import { createToasts, type Toasts } from './desktop/toasts.ts';
import { createDiscovery, type Discovery } from './session/discovery.ts';
import { createSession, type SessionControl } from './session/session.ts';
import { createTestWallet, type TestWallet } from './session/test-wallet.ts';
import { createVault } from './session/vault.ts';
import { createWindows, type Windows } from './windows/windows.ts';

/** All that exists in the desktop, made once and handed to components by context. */
export type Services = {
  api: Api;
  events: Events;
  discovery: Discovery;
  testWallet: TestWallet;
  session: SessionControl;
  windows: Windows;
  toasts: Toasts;
  theme: ThemeControl;
  uploads: Uploads;
  clipboard: Clipboard;
};

export function createServices(): Services {
  const theme = createTheme({ root: document.documentElement, storage: localStorage });
  const discovery = createDiscovery(window);
  const testWallet = createTestWallet({ vault: createVault({ database: 'freehold', record: 'test-wallet' }), isSecureContext });
  const api = createApi({ fetch: (...request) => fetch(...request), onSignedOut: () => session.expire() });
  const session = createSession({
    api: api.account,
    wallets: () => [...discovery.store.getState(), ...(testWallet.store.getState().address ? [testWallet.wallet] : [])],
    storage: localStorage,
  });
  const events = createEvents({
    open: (path) => new WebSocket(new URL(path, location.href.replace(/^http/, 'ws'))),
    random: Math.random,
    // Asking for the session is enough: an answer that says it is over reaches `onSignedOut`.
    onLost: () => void api.account.current().catch(() => undefined),
  });
  const uploads = createUploads({ drive: api.drive, now: () => performance.now() });
  return {
    api,
    events,
    discovery,
    testWallet,
    session,
    windows: createWindows(),
    toasts: createToasts(),
    theme,
    uploads,
    clipboard: createClipboard(),
  };
}

export const ServicesContext = createContext<Services | null>(null);

export function useServices(): Services {
  const services = useContext(ServicesContext);
  if (!services) throw new Error('useServices needs a ServicesContext above it');
  return services;
}
