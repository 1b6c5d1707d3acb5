import type { Offer, PaymentRequirements, Token } from '@freehold/protocol';
import { PaymentError } from '../../error.ts';
import type { Limits } from '../../limits.ts';
import type { Reservation } from '../../reservation.ts';
import { openSlots } from '../../slots.ts';
import type { Carrier } from '../../store.ts';
import { readPayment, type Presented } from '../../wire/read-payment.ts';
import { connectChain, type ChainSettings } from './chain.ts';
import { badSignature, readFunds } from './funds.ts';
import { exactRequirements } from './requirements.ts';
import { openSender, type Log, type Signer } from './sender.ts';
import { settleExact, type Ending } from './settle.ts';
import { verifyExact, type Recover, type Verified } from './verify.ts';

/**
 * A way to pay, as `payments.ts` sees it. `exact` is one EIP-3009 authorization per call. A channel or an escrow grant joins
 * as another folder with these four: its terms, what it makes of a header, what the payer can cover, and how it comes to an end.
 */
export type Rail = {
  requirements(offer: Offer): PaymentRequirements[];
  verify(options: { header: string; offer: Offer; offerId: string; url: string }): Verified;
  /** Atomic units that the payer holds. Errors: `payment_invalid`, `payment_unavailable`. */
  funds(verified: Verified): Promise<bigint>;
  settle(options: { reservation: Reservation; carriers: Carrier[]; save(carrier: Carrier): Promise<void> }): Promise<Ending>;
};

export function openExactRail({
  chains,
  tokens,
  signer,
  recover,
  limits,
  now,
  log,
  signal,
}: {
  chains: readonly ChainSettings[];
  tokens: readonly Token[];
  signer: Signer;
  recover: Recover;
  limits: Limits;
  now: () => number;
  log: Log;
  signal: AbortSignal;
}): Rail {
  const networks = new Map(
    chains.map((settings) => {
      const chain = connectChain(settings, { now, log });
      const sender = openSender({ chain, signer, limits, now, log, signal });
      return [settings.network, { chain, sender, inSlot: openSlots(limits.maxInFlight) }];
    }),
  );
  const taken = tokens.filter(({ network }) => networks.has(network));
  const networkOf = (name: string) => {
    const network = networks.get(name);
    if (network) return network;
    throw new PaymentError(
      'payment_unavailable',
      `This node is not connected to ${name} any more. Its owner can connect it again in the settings.`,
    );
  };
  const requirements = (offer: Offer) => exactRequirements({ offer, tokens: taken, limits });

  return {
    requirements,
    verify({ header, offer, ...call }) {
      const ours = requirements(offer);
      return bestOf(readPayment(header, ours), (presented) =>
        verifyExact({ presented, requirements: ours, tokens: taken, recover, ...call }),
      );
    },
    async funds(verified) {
      return readFunds({ chain: networkOf(verified.requirement.network).chain, verified });
    },
    async settle({ reservation, carriers, save }) {
      const { chain, sender, inSlot } = networkOf(reservation.network);
      return inSlot(() => settleExact({ reservation, carriers, chain, sender, save, limits, now, log, signal }));
    },
  };
}

/** Of the readings of a payment the one that its payer signed; a payment of version 2 has one reading. */
function bestOf([first, ...others]: [Presented, ...Presented[]], verify: (presented: Presented) => Verified): Verified {
  if (others.length === 0) return verify(first);
  const attempts = [first, ...others].map((presented) => {
    try {
      return verify(presented);
    } catch (error) {
      if (error instanceof PaymentError) return error;
      throw error;
    }
  });
  const readable = attempts.filter((attempt): attempt is Verified => !(attempt instanceof PaymentError));
  return readable.find(({ isKeySigned }) => isKeySigned) ?? readable[0] ?? verify(first);
}

export { badSignature };
