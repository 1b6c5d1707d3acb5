import {
  encodePaymentPayload,
  facilitatorSettleResponse,
  fromJsonHeader,
  supportedResponse,
  verifyResponse,
  type PaymentPayload,
  type PaymentRequirements,
  type SettleResponse,
  type SupportedResponse,
  type VerifyResponse,
} from '@freehold/protocol';

/** Nobody answered, or with what is no answer; whatever was asked may have happened all the same. */
export type Silence = { kind: 'silence'; message: string };
export type Answer<Value> = { kind: 'answer'; value: Value } | Silence;

export type RemoteFacilitator = {
  url: string;
  supported(signal: AbortSignal): Promise<Answer<SupportedResponse>>;
  verify(payment: Payment, signal: AbortSignal): Promise<Answer<VerifyResponse>>;
  settle(payment: Payment, signal: AbortSignal): Promise<Answer<SettleResponse>>;
};
type Payment = { paymentPayload: PaymentPayload; paymentRequirements: PaymentRequirements };

type Schema<Output> = { safeParse(value: unknown): { success: true; data: Output } | { success: false } };

/** An answer is a few hundred bytes. */
const mostBytes = 65_536;

/**
 * Another's facilitator over HTTP. Its word is only taken to decide what to do next: whether money moved is asked of the chain. So whatever
 * goes wrong on the way is one kind of thing, silence.
 */
export function connectFacilitator({ url: given, timeoutMs }: { url: string; timeoutMs: number }): RemoteFacilitator {
  const url = given.replace(/\/+$/, '');

  async function ask<Value>(path: string, body: object | undefined, schema: Schema<Value>, signal: AbortSignal): Promise<Answer<Value>> {
    try {
      const response = await fetch(`${url}${path}`, {
        method: body ? 'POST' : 'GET',
        redirect: 'error',
        ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      });
      const text = await readAtMost(response);
      const parsed = schema.safeParse(JSON.parse(text));
      // A refusal comes with the same members, whatever its status.
      if (parsed.success) return { kind: 'answer', value: parsed.data };
      return { kind: 'silence', message: `it answered ${response.status}` };
    } catch (error) {
      signal.throwIfAborted();
      return { kind: 'silence', message: error instanceof SyntaxError ? 'it answered what is no JSON' : describe(error) };
    }
  }

  const bodyOf = ({ paymentPayload, paymentRequirements }: Payment) => ({
    x402Version: 2,
    // As it would travel in a header: without what is undefined.
    paymentPayload: fromJsonHeader(encodePaymentPayload(paymentPayload)),
    paymentRequirements,
  });
  return {
    url,
    supported: (signal) => ask('/supported', undefined, supportedResponse, signal),
    verify: (payment, signal) => ask('/verify', bodyOf(payment), verifyResponse, signal),
    settle: (payment, signal) => ask('/settle', bodyOf(payment), facilitatorSettleResponse, signal),
  };
}

async function readAtMost(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > mostBytes) throw new RangeError('it answered more than any facilitator does');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
