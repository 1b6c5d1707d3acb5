import type { NodeInfo } from '@freehold/protocol';
import { useState } from 'react';
import { useStore } from 'zustand';
import { isCode, messageOf } from '../api/error.ts';
import { Button } from '../components/Button.tsx';
import { Field } from '../components/Field.tsx';
import { Note } from '../components/Note.tsx';
import { useServices } from '../services.ts';
import { Emblem } from './Emblem.tsx';
import { hasPasskeys } from './passkey.ts';
import { SignUpForm } from './SignUpForm.tsx';
import { NewTestWallet } from './NewTestWallet.tsx';
import type { Wallet } from './wallet.ts';
import { WalletList } from './WalletList.tsx';
import css from './Welcome.module.css';

/** The door: claiming a node that has no owner, or signing in to one that has. */
export function Welcome({ node, notice }: { node: NodeInfo; notice: string | null }) {
  const { session, discovery, testWallet } = useServices();
  const installed = useStore(discovery.store);
  const testAddress = useStore(testWallet.store, (state) => state.address);
  const [claimCode, setClaimCode] = useState('');
  const [busy, setBusy] = useState<string | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [isNew, setNew] = useState(false);
  const [isSigningUp, setSigningUp] = useState(false);

  const action = node.claimed ? 'Sign in' : 'Claim this node';
  const needsCode = node.claimProof === 'code';
  const attempt = async (id: string, work: () => Promise<unknown>) => {
    setBusy(id);
    setProblem(null);
    try {
      await work();
    } catch (error) {
      setProblem(explain(error));
    } finally {
      setBusy(null);
    }
  };
  const signIn = (wallet: Wallet) => {
    if (needsCode && claimCode.trim() === '') return setProblem('Enter the claim code first. The node printed it where it was started.');
    void attempt(wallet.id, () => session.signIn({ wallet, ...(needsCode ? { claimCode: claimCode.trim().toUpperCase() } : {}) }));
  };
  const wallets = [...installed, ...(testAddress && !isNew ? [testWallet.wallet] : [])];
  const canCreate = testAddress === null && (node.testMoney || installed.length === 0);

  return (
    <main className={css.page}>
      <section className={css.card} aria-labelledby="welcome">
        <Emblem />
        <h1 id="welcome">{node.claimed ? 'Welcome to Freehold' : 'Claim this node'}</h1>
        <p className={css.lead}>
          {node.claimed
            ? 'Your files, programs and earnings live on this machine. Your wallet is the key: signing in costs nothing and moves no money.'
            : 'This node has no owner yet. The first wallet that signs in owns it: everything stored here will be yours, and you decide who else gets in.'}
        </p>
        {notice && !problem && <Note tone="caution">{notice}</Note>}
        {needsCode && (
          <Field
            label="Claim code"
            name="claim-code"
            autoComplete="off"
            autoCapitalize="characters"
            spellCheck={false}
            placeholder="XXXX-XXXX"
            value={claimCode}
            onChange={(event) => setClaimCode(event.target.value)}
            hint="The node printed it where it was started: it proves that the machine is yours."
          />
        )}
        {isSigningUp ? (
          <SignUpForm
            isTee={node.keyService?.isTee === true}
            isBusy={busy !== null}
            onSignUp={(person) => void attempt('sign-up', () => session.signUp(person))}
            onBack={() => setSigningUp(false)}
          />
        ) : isNew && testAddress ? (
          <NewTestWallet address={testAddress} action={action} isBusy={busy !== null} onSignIn={() => signIn(testWallet.wallet)} />
        ) : (
          <>
            <WalletList wallets={wallets} busy={busy} action={action} onChoose={signIn} />
            {testAddress !== undefined && wallets.length === 0 && (
              <p className={css.hint}>No wallet was found in this browser. Install one, or start with a wallet that lives only here.</p>
            )}
            {canCreate && (
              <Button
                kind={wallets.length === 0 ? 'primary' : 'quiet'}
                icon="wallet"
                disabled={busy !== null}
                onClick={() => void attempt('create', () => testWallet.create().then(() => setNew(true)))}
              >
                Create a local test wallet
              </Button>
            )}
            {node.claimed && hasPasskeys() && (
              <Button
                kind="quiet"
                icon="key"
                disabled={busy !== null}
                onClick={() => void attempt('passkey', () => session.signInWithPasskey())}
              >
                Sign in with a passkey
              </Button>
            )}
            {node.signUp && hasPasskeys() && (
              <Button kind="quiet" icon="user" disabled={busy !== null} onClick={() => setSigningUp(true)}>
                Sign up without a wallet
              </Button>
            )}
          </>
        )}
        {problem && <Note tone="problem">{problem}</Note>}
        {node.testMoney && <p className={css.footnote}>This node runs on its own test chain. No real money is involved.</p>}
      </section>
    </main>
  );
}

function explain(error: unknown): string {
  if (isCode(error, 'not_allowed'))
    return 'This wallet has no account on this node. Ask the owner to add its address, or sign in with another wallet.';
  if (isCode(error, 'claim_code_required')) return 'That claim code is not right. Copy it again from where the node was started.';
  if (isCode(error, 'challenge_unknown')) return 'That took too long, so the request has lapsed. Choose your wallet again.';
  return messageOf(error);
}
