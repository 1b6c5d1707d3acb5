import { BaseError, createTransport, http, type EIP1193RequestFn, type Transport } from 'viem';
import { chainFailure } from './chain-failure.ts';

/** After this long the preferred server is tried again. */
const returnMs = 60_000;
/** How long the word of a server about its chain is believed. A name may be pointed at another server meanwhile. */
const believedMs = 300_000;

export type EndpointsLog = (event: string, fields: Record<string, string>) => void;

type Endpoint = { request: EIP1193RequestFn; identified: Promise<void> | undefined; identifiedAt: number };

/** A server of another chain; what it says about balances and transactions is about another world. */
class WrongChainError extends BaseError {
  constructor(network: string, said: unknown) {
    super(`An RPC server for ${network} answers for chain ${String(said)}. Correct its address in the payment settings.`);
    this.name = 'WrongChainError';
  }
}

/**
 * One way to a chain over several RPC servers. Each must say first that it is of this chain. Where one does not answer, the next one is
 * asked; it stays in use until it fails, or until it is time to try the preferred one again. Calls of one turn of the event loop travel as
 * one JSON-RPC batch.
 */
export function openEndpoints({
  network,
  chainId,
  rpcUrls,
  now,
  log,
}: {
  network: string;
  chainId: number;
  rpcUrls: readonly string[];
  now: () => number;
  log: EndpointsLog;
}): Transport {
  const endpoints = rpcUrls.map((url): Endpoint => {
    const { request } = http(url, { batch: { wait: 0 }, retryCount: 0, timeout: 10_000 })({ retryCount: 0 });
    return { request, identified: undefined, identifiedAt: 0 };
  });
  let current = 0;
  let changedAt = 0;

  async function identify(endpoint: Endpoint): Promise<void> {
    const said = await endpoint.request({ method: 'eth_chainId' });
    if (typeof said !== 'string' || !/^0x[0-9a-fA-F]+$/.test(said) || BigInt(said) !== BigInt(chainId)) {
      log('chain.wrong_id', { network, said: String(said) });
      throw new WrongChainError(network, said);
    }
  }

  async function ask(endpoint: Endpoint, call: Parameters<EIP1193RequestFn>[0]): Promise<unknown> {
    if (!endpoint.identified || now() - endpoint.identifiedAt > believedMs) {
      endpoint.identifiedAt = now();
      const identified = identify(endpoint);
      endpoint.identified = identified;
      identified.catch(() => {
        if (endpoint.identified === identified) endpoint.identified = undefined;
      });
    }
    await endpoint.identified;
    return endpoint.request(call);
  }

  async function request(call: Parameters<EIP1193RequestFn>[0]): Promise<unknown> {
    if (current !== 0 && now() - changedAt > returnMs) current = 0;
    const first = current;
    for (let tried = 1; ; tried++) {
      const index = (first + tried - 1) % endpoints.length;
      const endpoint = endpoints[index];
      if (!endpoint) throw new BaseError(`No RPC server is named for ${network}.`);
      try {
        return await ask(endpoint, call);
      } catch (error) {
        const { kind, message } = chainFailure(error);
        if (kind !== 'unreachable') throw error;
        endpoint.identified = undefined;
        if (tried >= endpoints.length) throw error;
        log('chain.server_changed', { network, message });
        current = (index + 1) % endpoints.length;
        changedAt = now();
      }
    }
  }

  // viem types one overload for each method; what comes back here is whatever the server said.
  return () => createTransport({ key: 'endpoints', name: network, type: 'endpoints', retryCount: 0, request: request as EIP1193RequestFn });
}
