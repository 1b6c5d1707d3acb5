import { useState, type FormEvent } from 'react';
import type { WalletKey } from '@freehold/protocol';
import { messageOf } from '../../api/error.ts';
import { useAnswer } from '../../apps/files/properties/use-answer.ts';
import { useAttempt } from '../../apps/files/properties/use-attempt.tsx';
import { Button } from '../../components/Button.tsx';
import { Dialog } from '../../components/Dialog.tsx';
import { Labelled } from '../../components/Field.tsx';
import { Note } from '../../components/Note.tsx';
import { useServices } from '../../services.ts';
import { CopyableFact } from '../CopyableFact.tsx';
import css from '../Delegates.module.css';
import people from '../PeopleDialog.module.css';

const schemes = {
  eip191: 'EIP-191',
  raw: 'raw keccak',
  solana: 'for Solana',
} as const;
type Scheme = keyof typeof schemes;
type Signed = { message: string; scheme: Scheme; key: WalletKey; signature: string };

/** The wallet that the node's key service keeps: its keys, where they come from, signing and verifying. */
export function WalletDialog({ onClose }: { onClose: () => void }) {
  const { api } = useServices();
  const { answer: wallet, problem, load } = useAnswer(() => api.wallet.wallet(), 'wallet');
  const [message, setMessage] = useState('');
  const [scheme, setScheme] = useState<Scheme>('eip191');
  const [signed, setSigned] = useState<Signed | null>(null);
  const [verdict, setVerdict] = useState<{ tone: 'good' | 'problem'; text: string } | null>(null);
  const { attempt, note, isBusy } = useAttempt();
  const keyFor = (wanted: Scheme) => wallet?.keys.find(({ algorithm }) => algorithm === (wanted === 'solana' ? 'ed25519' : 'secp256k1'));

  const sign = (event: FormEvent) => {
    event.preventDefault();
    const key = keyFor(scheme);
    if (!key) return;
    void attempt(async () => {
      const { signature } = await api.wallet.sign({ scheme, message });
      setSigned({ message, scheme, key, signature });
      setVerdict(null);
    });
  };
  const verify = async ({ key, signature, ...said }: Signed) => {
    if (!wallet) return;
    try {
      const { valid } = await api.wallet.verify({ ...said, signature, pubKeyHex: key.publicKey });
      const { verifyChain } = await import('./verify-chain.ts');
      const chain = await verifyChain(key, wallet.service);
      const trust = !chain
        ? 'its chain leads nowhere'
        : chain.isTrusted
          ? 'its chain leads to a trusted root'
          : 'its chain leads to a root that this node does not trust';
      setVerdict({
        tone: valid && chain?.isTrusted ? 'good' : 'problem',
        text: `The signature is ${valid ? 'valid' : 'not valid'}; ${trust}.`,
      });
    } catch (error) {
      setVerdict({ tone: 'problem', text: messageOf(error) });
    }
  };

  return (
    <Dialog title="Wallet on this node" onClose={onClose}>
      {problem !== null && <Note tone="problem">{problem}</Note>}
      {wallet && !wallet.service.isTee && (
        <Note tone="caution">
          These keys come from a development stand-in, which is NOT A TEE: everybody can make them. Keep nothing of value here.
        </Note>
      )}
      <p>Nobody holds these keys: the key service derives them for the moment of a signature.</p>
      {wallet?.keys.map((key) => (
        <section key={`${key.algorithm} ${key.version}`} className={css.made} aria-label={`${key.algorithm}, version ${key.version}`}>
          <h3>
            {key.algorithm === 'ed25519' ? 'Solana' : 'Ethereum'} · version {key.version}
          </h3>
          <dl>
            <CopyableFact name="Address" value={key.address} />
            <CopyableFact name="Key" value={key.publicKey} />
          </dl>
        </section>
      ))}
      <form className={people.form} aria-label="Sign a message" onSubmit={sign}>
        <Labelled label="Message to sign">
          {(ids) => (
            <textarea
              {...ids}

              rows={3}
              required
              value={message}
              onChange={(event) => setMessage(event.target.value)}
            />
          )}
        </Labelled>
        <fieldset className={people.roles}>
          <legend>As</legend>
          {(Object.keys(schemes) as Scheme[]).map((choice) => (
            <label key={choice}>
              <input type="radio" name="scheme" checked={scheme === choice} onChange={() => setScheme(choice)} />
              {schemes[choice]}
            </label>
          ))}
        </fieldset>
        <Button kind="primary" type="submit" disabled={isBusy || !wallet}>
          Sign
        </Button>
      </form>
      {signed && (
        <section className={css.made} aria-label="Signature">
          <dl>
            <CopyableFact name="Signed" value={signed.signature} />
          </dl>
          <Button onClick={() => void verify(signed)}>Verify it</Button>
          {verdict && <Note tone={verdict.tone}>{verdict.text}</Note>}
        </section>
      )}
      <Button
        kind="quiet"
        disabled={isBusy || !wallet}
        onClick={() =>
          void attempt(() => api.wallet.rotate().then(load), 'The next version is in use. What the old keys signed stays valid.')
        }
      >
        Make new keys
      </Button>
      {note}
    </Dialog>
  );
}
