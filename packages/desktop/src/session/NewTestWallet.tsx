import type { Address } from '@freehold/protocol';
import { Button } from '../components/Button.tsx';
import { Note } from '../components/Note.tsx';
import { PrivateKey } from './PrivateKey.tsx';
import css from './Welcome.module.css';

type Props = { address: Address; action: string; isBusy: boolean; onSignIn: () => void };

/** What a newcomer sees right after the key was made. */
export function NewTestWallet({ address, action, isBusy, onSignIn }: Props) {
  return (
    <div className={css.stack}>
      <Note tone="good">
        <b>Your test wallet is ready.</b>
        <code className={css.address}>{address}</code>
      </Note>
      <Note tone="caution">
        <b>Test money only.</b> The key lives in this browser and nowhere else: clearing the browser’s data loses it. Keep a copy.
      </Note>
      <PrivateKey />
      <Button kind="primary" disabled={isBusy} onClick={onSignIn}>
        {action}
      </Button>
    </div>
  );
}
