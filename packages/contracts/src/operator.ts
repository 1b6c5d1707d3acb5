import type { Address, Hex } from '@freehold/protocol';
import { setTimeout as sleep } from 'node:timers/promises';
import { ContractsError } from './error.ts';

export type Request = <Result>(method: string, params: unknown[]) => Promise<Result>;

/** Sends from the first development account of the local chain, whose key anvil holds, and waits until it is mined. */
export async function sendAsOperator(request: Request, transaction: { to?: Address; data: Hex }): Promise<void> {
  const [from] = await request<Address[]>('eth_accounts', []);
  const hash = await request<Hex>('eth_sendTransaction', [{ from, ...transaction }]);
  const deadline = Date.now() + 10_000;
  while (Date.now() < deadline) {
    const receipt = await request<{ status: string } | null>('eth_getTransactionReceipt', [hash]);
    if (receipt?.status === '0x1') return;
    if (receipt) break;
    await sleep(5);
  }
  throw new ContractsError('chain_failed', 500, 'The local chain refused a transaction of its own operator.');
}
