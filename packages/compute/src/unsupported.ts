import type { Offer } from '@freehold/protocol';

/**
 * What an offer asks for that no part of this node does yet, as a sentence; null when it asks for nothing of that kind. An
 * offer that would not be kept to is refused when it is published, not when somebody has paid.
 */
export function unsupportedBy(offer: Offer): string | null {
  if (offer.interface === 'batch') return `The interface "${offer.interface}" is not supported yet: offer the program as "cgi" or "tool".`;
  if (offer.interface === 'cgi' && offer.name.startsWith('nph-'))
    return 'A name that begins with "nph-" promises a program that speaks HTTP itself, which is not supported: give it another name and let it write CGI headers.';
  if (offer.network && offer.programs.some(({ runtime }) => runtime !== 'javascript'))
    return 'Only JavaScript programs can be given network access yet: leave "network" out.';
  if (offer.fork) return 'Programs cannot be allowed to start processes yet: leave "fork" out.';
  if (offer.limits.fuel !== undefined && offer.programs.some(({ runtime }) => runtime !== 'wasm'))
    return 'Only the instructions of WebAssembly are counted: leave "limits.fuel" out, or the programs that are not WebAssembly.';
  if (offer.prices.some(({ per }) => per !== undefined && per !== 'call')) return 'Only prices per call are supported yet.';
  if (offer.env) return 'Variables in the offer are not supported yet: leave "env" out.';
  if (offer.input !== undefined) return 'Input in the offer is not supported yet: leave "input" out.';
  if (offer.open) return 'Callers cannot add arguments, variables or input yet: leave "open" out.';
  if (offer.secret) return 'Secrets are not supported yet: leave "secret" out.';
  if (offer.pool !== undefined) return 'This node has no pools yet: leave "pool" out.';
  if (offer.chargeOnError) return 'Failed runs are never charged yet: leave "chargeOnError" out.';
  if (offer.retention !== undefined) return 'How long outputs are kept is the same for all offers yet: leave "retention" out.';
  return null;
}
