import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openTestDatabase } from '../../../database/src/testing/open-test-database.ts';
import type { Address } from '@freehold/protocol';
import { openIdentity } from '../identity.ts';
import type { AskContract } from '../sign-in/wallet-signature.ts';
import type { ClaimProof } from '../sign-in/sign-in.ts';
import type { TestWallet } from './wallet.ts';

export const origin = 'http://localhost:4200';
export const ip = '203.0.113.7';

/** Identity over a real database in a folder of its own, with a clock that the test moves. */
export async function startIdentity({
  owner,
  directory,
  askContract,
}: { owner?: Address; directory?: string; askContract?: AskContract } = {}) {
  const folder = directory ?? mkdtempSync(join(tmpdir(), 'freehold-identity-'));
  const database = await openTestDatabase({ path: join(folder, 'node.db') });
  const clock = { now: Date.UTC(2026, 10, 20) };
  const events: string[] = [];
  const codes: string[] = [];
  const identity = await openIdentity({
    database,
    isOwnOrigin: (asked) => [origin, 'http://192.168.1.5:4200'].includes(asked),
    now: () => clock.now,
    log: (event, fields) => events.push(`${event} ${JSON.stringify(fields)}`),
    onClaimCode: (code) => codes.push(code),
    owner,
    askContract,
  });

  async function signIn(wallet: TestWallet, claimProof?: ClaimProof) {
    const { nonce, message } = await identity.challenge({ address: wallet.address, origin, ip });
    return identity.login({ nonce, signature: wallet.sign(message), origin, claimProof, userAgent: 'Test/1.0', ip });
  }

  return {
    identity,
    database,
    clock,
    events,
    codes,
    folder,
    signIn,
    /** Everything that is on the disk, as latin1 text to search in. */
    atRest: () =>
      readdirSync(folder)
        .map((name) => readFileSync(join(folder, name), 'latin1'))
        .join('\n'),
    async stop({ keep = false } = {}) {
      await database.close();
      if (!keep) rmSync(folder, { recursive: true, force: true });
    },
  };
}
