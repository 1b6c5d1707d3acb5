import { useState, type FormEvent } from 'react';
import { Button } from '../components/Button.tsx';
import { Field } from '../components/Field.tsx';
import { Note } from '../components/Note.tsx';
import css from './Welcome.module.css';

type Props = { isTee: boolean; isBusy: boolean; onSignUp: (person: { email: string; userId: string }) => void; onBack: () => void };

/** For people without a wallet: the node's key service keeps one, and a passkey of this device signs in. */
export function SignUpForm({ isTee, isBusy, onSignUp, onBack }: Props) {
  const [email, setEmail] = useState('');
  const [userId, setUserId] = useState('');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSignUp({ email: email.trim(), userId: userId.trim() });
  };
  return (
    <form className={css.stack} aria-label="Sign up" onSubmit={submit}>
      <Field
        label="E-mail address"
        type="email"
        required
        autoComplete="email"
        value={email}
        onChange={(event) => setEmail(event.target.value)}
      />
      <Field
        label="User id"
        required
        pattern="\S+"
        maxLength={64}
        autoComplete="username"
        spellCheck={false}
        value={userId}
        hint="Your name on this node, without spaces. It cannot be changed: your wallet is derived from it."
        onChange={(event) => setUserId(event.target.value)}
      />
      {!isTee && <Note tone="caution">This node’s key service is a development stand-in: NOT A TEE. Use it for trying things only.</Note>}
      <Button kind="primary" type="submit" disabled={isBusy}>
        Sign up with a passkey
      </Button>
      <Button kind="quiet" disabled={isBusy} onClick={onBack}>
        Back
      </Button>
    </form>
  );
}
