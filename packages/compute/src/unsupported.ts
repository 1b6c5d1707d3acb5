import type { Offer, Runtime } from '@freehold/protocol';
import { targetRefusal } from './native/index.ts';

/**
 * What an offer asks for that no part of this node does yet, as a sentence; null when it asks for nothing of that kind. An
 * offer that would not be kept to is refused when it is published, not when somebody has paid.
 */
export function unsupportedBy(offer: Offer): string | null {
  const runtimes = offer.programs.map(({ runtime }) => runtime);
  if (offer.interface === 'cgi' && offer.name.startsWith('nph-'))
    return 'A name that begins with "nph-" promises a program that speaks HTTP itself, which is not supported: give it another name and let it write CGI headers.';
  if (offer.network && runtimes.includes('wasm'))
    return 'WebAssembly programs cannot be given network access yet: leave "network" out, or the programs that are WebAssembly.';
  if (offer.network && runtimes.some(isNativeRuntime)) {
    if (offer.deterministic) return 'What a program hears from the network is not deterministic: leave "deterministic" or "network" out.';
    for (const target of offer.network) {
      const refusal = targetRefusal(target);
      if (refusal !== null) return refusal;
    }
  }
  if (offer.fork && !runtimes.every(isNativeRuntime))
    return 'Only Linux executables and scripts can start processes: leave "fork" out, or the programs that are none.';
  if (offer.limits.fuel !== undefined && offer.programs.some(({ runtime }) => runtime !== 'wasm'))
    return 'Only the instructions of WebAssembly are counted: leave "limits.fuel" out, or the programs that are not WebAssembly.';
  if (offer.prices.some(({ per }) => per === 'mfuel') && offer.limits.fuel === undefined)
    return 'A price per million instructions needs "limits.fuel".';
  if (offer.open && offer.interface !== 'batch')
    return 'Only the callers of a batch function can add arguments, variables or input: leave "open" out.';
  return null;
}

/** Whether it runs in the native sandbox. */
const isNativeRuntime = (runtime: Runtime): boolean => runtime !== 'wasm' && runtime !== 'javascript';
