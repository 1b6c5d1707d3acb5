import type { IncomingHttpHeaders } from 'node:http';
import {
  encodeSettleResponse,
  encodeSettleResponseV1,
  paymentRequiredHeader,
  paymentResponseHeader,
  paymentSignatureHeader,
  signInWithXHeader,
  xPaymentHeader,
  xPaymentResponseHeader,
  type SettleResponse,
} from '@freehold/protocol';

/** The payment that came with a request, in the header of either version of x402; what it says itself decides how it is read. */
export function presentedPayment(headers: IncomingHttpHeaders): string | undefined {
  const header = headers[paymentSignatureHeader] ?? headers[xPaymentHeader];
  return Array.isArray(header) ? header[0] : header;
}

/** How a payment ended, in the header that its client looks for. */
export const settlementHeaders = (settlement: SettleResponse, headers: IncomingHttpHeaders): Record<string, string> => ({
  [paymentResponseHeader]: encodeSettleResponse(settlement),
  ...(headers[xPaymentHeader] !== undefined && { [xPaymentResponseHeader]: encodeSettleResponseV1(settlement) }),
});

/** For `access-control-allow-headers`. Stock clients of version 1 send an answer's header with their request. */
export const paymentRequestHeaders = `${paymentSignatureHeader}, ${xPaymentHeader}, ${signInWithXHeader}, access-control-expose-headers`;
/** For `access-control-expose-headers`. */
export const paymentAnswerHeaders = `${paymentRequiredHeader}, ${paymentResponseHeader}, ${xPaymentResponseHeader}`;
