import { useEffect } from 'react';
import { useStore } from 'zustand';
import { Desktop } from './desktop/Desktop.tsx';
import { Wallpaper } from './desktop/Wallpaper.tsx';
import { useServices } from './services.ts';
import { Unreachable } from './session/Unreachable.tsx';
import { Welcome } from './session/Welcome.tsx';

export function App() {
  const { session, discovery, testWallet, events, windows } = useServices();
  const state = useStore(session.store);
  const isSignedIn = state.phase === 'signedIn';

  useEffect(() => {
    discovery.start();
    void testWallet.start();
    void session.start();
    return discovery.stop;
  }, [discovery, session, testWallet]);

  useEffect(() => {
    if (!isSignedIn) return undefined;
    events.start();
    return () => {
      events.stop();
      windows.closeAll();
    };
  }, [events, windows, isSignedIn]);

  return (
    <>
      <Wallpaper />
      {state.phase === 'unreachable' && <Unreachable message={state.message} />}
      {state.phase === 'signedOut' && <Welcome node={state.node} notice={state.notice} />}
      {state.phase === 'signedIn' && <Desktop node={state.node} account={state.account} />}
    </>
  );
}
