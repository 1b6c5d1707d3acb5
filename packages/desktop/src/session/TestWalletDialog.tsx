import { useStore } from 'zustand';
import { Dialog } from '../components/Dialog.tsx';
import { Note } from '../components/Note.tsx';
import { useServices } from '../services.ts';
import { PrivateKey } from './PrivateKey.tsx';
import css from './Welcome.module.css';

export function TestWalletDialog({ onClose }: { onClose: () => void }) {
  const { testWallet } = useServices();
  const address = useStore(testWallet.store, (state) => state.address);
  return (
    <Dialog title="Local test wallet" onClose={onClose}>
      <Note tone="caution">
        <b>Test money only.</b> The key lives in this browser and nowhere else. Whoever has it can sign in as you.
      </Note>
      <p>
        Address <code className={css.address}>{address}</code>
      </p>
      <p>
        With its private key you can call paid functions from a terminal with <code>freehold curl</code>.
      </p>
      <PrivateKey />
    </Dialog>
  );
}
