import { WalletError } from './wallet.ts';

/** Whether this browser has passkeys, and reads what the node asks (WebAuthn level 3). */
export const hasPasskeys = (): boolean => typeof PublicKeyCredential === 'function' && 'parseRequestOptionsFromJSON' in PublicKeyCredential;

/** Makes a passkey. Answers what the node needs of it. Errors: WalletError. */
export async function makePasskey(options: unknown): Promise<unknown> {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(Object(options));
  return asked(() => navigator.credentials.create({ publicKey }));
}

/** Has a passkey of this site answer. Errors: WalletError. */
export async function askPasskey(options: unknown): Promise<unknown> {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(Object(options));
  return asked(() => navigator.credentials.get({ publicKey }));
}

async function asked(work: () => Promise<Credential | null>): Promise<unknown> {
  try {
    const credential = await work();
    if (credential instanceof PublicKeyCredential) return credential.toJSON();
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'InvalidStateError')
      throw new WalletError('failed', 400, 'This device has a passkey for your account already.', { cause });
    throw new WalletError(
      'rejected',
      400,
      'No passkey was used: it was declined, took too long, or there is none for this node here. Try again.',
      { cause },
    );
  }
  throw new WalletError('failed', 400, 'The browser gave no passkey. Try again.');
}
