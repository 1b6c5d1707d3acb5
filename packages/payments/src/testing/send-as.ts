import assert from 'node:assert/strict';
import type { Address, Hex } from '@freehold/protocol';
import { waitForTransactionReceipt } from 'viem/actions';
import type { PublicClient } from 'viem';

type AnyRequest = (call: { method: string; params: unknown[] }) => Promise<unknown>;

/** Lets anvil act for an address, behind the node's back. */
export async function sendAs(client: PublicClient, from: Address, to: Address, data: Hex): Promise<void> {
  const request = client.request as AnyRequest;
  await request({ method: 'anvil_impersonateAccount', params: [from] });
  await request({ method: 'anvil_setBalance', params: [from, '0xde0b6b3a7640000'] });
  const hash = (await request({ method: 'eth_sendTransaction', params: [{ from, to, data }] })) as Hex;
  const receipt = await waitForTransactionReceipt(client, { hash, pollingInterval: 5 });
  assert.equal(receipt.status, 'success');
}

/** Moves the clock of the chain. */
export async function advanceChain(client: PublicClient, seconds: number): Promise<void> {
  const request = client.request as AnyRequest;
  await request({ method: 'evm_increaseTime', params: [seconds] });
  await request({ method: 'evm_mine', params: [] });
}
