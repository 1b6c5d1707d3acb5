import { formatUnits, parseUnits, authorizationTypedData, address, toHex, type PaymentPayload, type PaymentRequired, type PaymentRequirements, type Token } from '@freehold/protocol';
import type { Wallet } from '../key/wallet.ts';

export type Budget = { amount: string; symbol?: string; network?: string };
export type Choice = { ok: true; accepted: PaymentRequirements; token: Token } | { ok: false; reason: 'no_option' | 'over_maximum'; message: string };

export function choosePayment({ required, budgets, tokens, pay }: { required: PaymentRequired; budgets: Budget[]; tokens: Token[]; pay: { symbol: string; network?: string }[] }): Choice {
  const known = required.accepts.flatMap((accepted) => {
    const token = tokens.find((token) => token.network === accepted.network && token.asset.toLowerCase() === accepted.asset.toLowerCase());
    const wanted = pay.length === 0 || pay.some((p) => p.symbol === token?.symbol && (!p.network || p.network === accepted.network));
    return accepted.scheme === 'exact' && token && wanted ? [{ accepted, token }] : [];
  });
  const first = known[0];
  if (!first) return { ok: false, reason: 'no_option', message: `accepted: ${required.accepts.map((a) => `${a.asset}@${a.network}`).join(', ')}` };
  const fit = known.find(({ accepted, token }) =>
    budgets.every((b) => (b.symbol && b.symbol !== token.symbol) || (b.network && b.network !== token.network) || BigInt(accepted.amount) <= parseUnits(b.amount, token.decimals)),
  );
  if (!fit) return { ok: false, reason: 'over_maximum', message: `it costs ${formatUnits(BigInt(first.accepted.amount), first.token.decimals)} ${first.token.symbol}` };
  return { ok: true, ...fit };
}

export async function createPayment({ accepted, token, required, wallet, now, random }: { accepted: PaymentRequirements; token: Token; required: PaymentRequired; wallet: Wallet; now: number; random: (n: number) => Uint8Array }): Promise<PaymentPayload> {
  const message = { from: wallet.address, to: address.parse(accepted.payTo), value: accepted.amount, validAfter: '0', validBefore: String(Math.floor(now / 1000) + accepted.maxTimeoutSeconds), nonce: toHex(random(32)) };
  const signature = await wallet.signTypedData(authorizationTypedData({ message, asset: token.asset, caip2: token.network, domain: token.domain }));
  return { x402Version: 2, resource: required.resource, accepted, payload: { signature, authorization: message } };
}
