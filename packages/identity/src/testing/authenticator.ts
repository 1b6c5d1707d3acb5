import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';
import type { NewPasskey, PasskeyAnswer } from '@freehold/protocol';

type Options = { challenge: string; origin: string; rp?: string; flags?: number; type?: string };

/** User present, user verified. */
export const presentAndVerified = 0b101;
const withCredential = 0b1000000;

/** An authenticator as WebAuthn has it (ES256, no attestation), for tests without a browser. */
export function makeAuthenticator() {
  const { privateKey, publicKey }: { privateKey: KeyObject; publicKey: KeyObject } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const rawId = randomBytes(16);
  const id = rawId.toString('base64url');
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
  let counter = 0;

  const clientData = ({ challenge, origin }: Options, type: string) =>
    Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin: false }));
  const authenticatorData = (rp: string, flags: number, ...rest: Buffer[]) => {
    const count = Buffer.alloc(4);
    count.writeUInt32BE(counter);
    return Buffer.concat([createHash('sha256').update(rp).digest(), Buffer.of(flags), count, ...rest]);
  };

  return {
    id,
    /** Sets the count that the next answer carries. */
    setCounter: (value: number) => (counter = value),

    register(options: Options): NewPasskey {
      const { origin, rp = new URL(origin).hostname, flags = presentAndVerified, type = 'webauthn.create' } = options;
      const coordinate = (label: number, value: string) => Buffer.concat([Buffer.of(label, 0x58, 32), Buffer.from(value, 'base64url')]);
      // COSE: kty EC2, alg ES256, curve P-256, x, y.
      const cose = Buffer.concat([Buffer.from('a5010203262001', 'hex'), coordinate(0x21, x), coordinate(0x22, y)]);
      const data = authenticatorData(rp, flags | withCredential, Buffer.alloc(16), Buffer.of(0, rawId.length), rawId, cose);
      const text = (value: string) => Buffer.concat([Buffer.of(0x60 + value.length), Buffer.from(value)]);
      const attestation = Buffer.concat([
        Buffer.of(0xa3),
        text('fmt'),
        text('none'),
        text('attStmt'),
        Buffer.of(0xa0),
        text('authData'),
        Buffer.of(0x58, data.length),
        data,
      ]);
      return {
        id,
        rawId: id,
        type: 'public-key',
        response: {
          clientDataJSON: clientData(options, type).toString('base64url'),
          attestationObject: attestation.toString('base64url'),
          transports: ['internal'],
        },
        clientExtensionResults: {},
      };
    },

    answer(options: Options): PasskeyAnswer {
      const { origin, rp = new URL(origin).hostname, flags = presentAndVerified, type = 'webauthn.get' } = options;
      counter++;
      const data = authenticatorData(rp, flags);
      const client = clientData(options, type);
      const signature = sign('sha256', Buffer.concat([data, createHash('sha256').update(client).digest()]), privateKey);
      return {
        id,
        rawId: id,
        type: 'public-key',
        response: {
          clientDataJSON: client.toString('base64url'),
          authenticatorData: data.toString('base64url'),
          signature: signature.toString('base64url'),
        },
        clientExtensionResults: {},
      };
    },
  };
}
