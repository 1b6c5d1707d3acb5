import type { Hex } from '@freehold/protocol';
import { useState } from 'react';
import { Button } from '../components/Button.tsx';
import { CopyButton } from '../components/CopyButton.tsx';
import { useServices } from '../services.ts';
import css from './Welcome.module.css';

/** Shows the key of the test wallet when asked, for use with `freehold curl`. */
export function PrivateKey() {
  const { testWallet, toasts } = useServices();
  const [key, setKey] = useState<Hex | null>(null);
  if (key === null) {
    return (
      <Button icon="eye" onClick={() => void testWallet.reveal().then(setKey, toasts.fail)}>
        Show private key
      </Button>
    );
  }
  return (
    <div className={css.key}>
      <code aria-label="Private key">{key}</code>
      <CopyButton text={key} label="Copy private key" />
    </div>
  );
}
