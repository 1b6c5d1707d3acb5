import { outgoingCookie, scriptNamesOf, type CallableOffer, type FunctionHead } from '@freehold/compute';
import type { AnswerHeaders } from '../http/exchange.ts';
import { sandboxHeaders } from '../http/user-content.ts';

/**
 * Headers of an answer that speak for the node or for its whole origin, and so are not a program's to set: payments and
 * receipts, who may read the answer, what the browser shall remember of this host, prompts in the host's name, and orders to a
 * server in front of the node, such as to send one of its own files, or to keep for others what one has paid for.
 */
export const nodeHeaders =
  /^(payment-.*|x-payment.*|x-freehold-.*|x-os402-.*|x-request-id|access-control-.*|cross-origin-.*|content-security-policy.*|clear-site-data|strict-transport-security|alt-svc|service-worker-allowed|report-to|reporting-endpoints|nel|accept-ch|critical-ch|set-login|use-as-dictionary|speculation-rules|attribution-reporting-.*|observe-browsing-topics|origin-agent-cluster|www-authenticate|proxy-authenticate|x-accel-.*|x-sendfile.*|x-lighttpd-send-file|x-litespeed-.*|surrogate-.*|.+-cache-control|sec(ure)?-session-.*|server|date)$/;

/** Puts what a function says before its answer into the headers, as far as it is its to say. */
export function addFunctionHead(
  headers: AnswerHeaders,
  said: FunctionHead['headers'],
  { call, scriptPath }: { call: CallableOffer; scriptPath: string },
): void {
  const own: AnswerHeaders = {};
  for (const [name, value] of said) {
    if (nodeHeaders.test(name)) continue;
    const shown = name === 'set-cookie' ? outgoingCookie(value, { scriptPath, scriptNames: scriptNamesOf(call.offer, call.id) }) : value;
    if (shown === undefined) continue;
    const before = own[name];
    own[name] = before === undefined ? shown : [before, shown].flat();
  }
  // Last, so that no program can lift the policy under which its output is shown.
  Object.assign(headers, own, sandboxHeaders, neverStored);
}

const neverStored = { 'cache-control': 'no-store' } as const;
