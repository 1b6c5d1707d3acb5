import {
  exactPayload,
  networkOfV1,
  type Address,
  type Authorization,
  type FacilitatorRequest,
  type PaymentRequirements,
  type Token,
} from '@freehold/protocol';
import { address } from '@freehold/protocol';

/** A payment that somebody asks about, as one record for both versions of x402. */
export type Asked = { token: Token; requirement: PaymentRequirements; authorization: Authorization; signature: string };
/** x402's word, and a sentence. */
export type Fault = { reason: string; message: string };

/** What can be told of it without keys and chain: that it is of a kind, network and token that this facilitator serves, and consistent. */
export function readRequest(request: FacilitatorRequest, tokens: readonly Token[]): Asked | Fault {
  const { scheme, network, payload } = kindOf(request);
  const requirement = requirementOf(request);
  if (requirement.scheme !== 'exact' || scheme !== 'exact')
    return { reason: 'unsupported_scheme', message: `This facilitator settles "exact", not ${JSON.stringify(requirement.scheme)}.` };
  if (network !== requirement.network)
    return { reason: 'invalid_network', message: 'The payment and the requirements name different networks.' };
  const token = tokens.find((known) => known.network === requirement.network && isSameAddress(known.asset, requirement.asset));
  if (!token)
    return {
      reason: 'invalid_network',
      message: `This facilitator does not serve ${requirement.asset} on ${requirement.network}. GET supported says what it does.`,
    };
  const parsed = exactPayload.safeParse(payload);
  if (!parsed.success) return { reason: 'invalid_payload', message: 'The payload is no EIP-3009 authorization with its signature.' };
  const { authorization, signature } = parsed.data;
  if (!isSameAddress(authorization.to, requirement.payTo))
    return {
      reason: 'invalid_exact_evm_payload_recipient_mismatch',
      message: 'The authorization pays somebody else than the requirements.',
    };
  if (authorization.value !== requirement.amount)
    return {
      reason: 'invalid_exact_evm_payload_authorization_value',
      message: 'The authorization is over another amount than the requirements.',
    };
  return { token, requirement, authorization, signature };
}

function kindOf(request: FacilitatorRequest) {
  if (request.x402Version === 1) {
    const { scheme, network, payload } = request.paymentPayload;
    return { scheme, network: networkOfV1(network) ?? network, payload };
  }
  const { accepted, payload } = request.paymentPayload;
  return { scheme: accepted.scheme, network: accepted.network, payload };
}

function requirementOf({ x402Version, paymentRequirements }: FacilitatorRequest): PaymentRequirements {
  if ('amount' in paymentRequirements) return paymentRequirements;
  const { maxAmountRequired, network, extra, ...same } = paymentRequirements;
  return {
    ...same,
    network: x402Version === 1 ? (networkOfV1(network) ?? network) : network,
    amount: maxAmountRequired,
    extra: extra ?? {},
  };
}

export function isSameAddress(a: Address, b: string): boolean {
  const parsed = address.safeParse(b);
  return parsed.success && parsed.data === a;
}
