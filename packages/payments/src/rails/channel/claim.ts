import { batchSettlementAbi, channelDomain, channelTypes } from '@freehold/contracts';
import { channelRefundTypedData, chainIdOf, fromHex, hashTypedData, type Address, type Hex } from '@freehold/protocol';
import { encodeFunctionData, hashTypedData as hashNestedTypedData } from 'viem';
import type { Errand } from '../../jobs/carry.ts';
import type { Tab } from '../../tabs/tab.ts';
import type { Signer } from '../exact/sender.ts';
import { configOf } from './chain.ts';

type Contract = { address: Address; network: string; authorizer: Signer };

/** Claims what was charged on channels, and sends it to their receivers: one transaction, all or nothing. */
export async function claimChannels(tabs: readonly Tab[], contract: Contract): Promise<Errand> {
  const receivers = new Map(tabs.map(({ payee, asset }) => [`${payee} ${asset}`, { payee, asset }]));
  return bundle(contract, [
    await claimCall(tabs, contract),
    ...[...receivers.values()].map(({ payee, asset }) =>
      encodeFunctionData({ abi: batchSettlementAbi, functionName: 'settle', args: [payee, asset] }),
    ),
  ]);
}

/** Gives back to the payer what his channel holds beyond what was charged, after that was claimed. */
export async function refundChannel(tab: Tab, amount: bigint, contract: Contract): Promise<Errand> {
  const typedData = channelRefundTypedData(contract.network, { channelId: tab.id, nonce: tab.refundNonce, amount });
  const signature = await contract.authorizer.signDigest(hashTypedData(typedData));
  const refund = encodeFunctionData({
    abi: batchSettlementAbi,
    functionName: 'refundWithSignature',
    args: [configOf(tab), amount, tab.refundNonce, signature],
  });
  const settle = encodeFunctionData({ abi: batchSettlementAbi, functionName: 'settle', args: [tab.payee, tab.asset] });
  return bundle(contract, tab.charged > tab.claimed ? [await claimCall([tab], contract), settle, refund] : [refund]);
}

async function claimCall(tabs: readonly Tab[], { address, network, authorizer }: Contract): Promise<Hex> {
  const claims = tabs.map((tab) => ({
    voucher: { channel: configOf(tab), maxClaimableAmount: tab.signed },
    signature: tab.signature,
    totalClaimed: tab.charged,
  }));
  const digest = hashNestedTypedData({
    domain: channelDomain({ chainId: chainIdOf(network), channel: address }),
    types: channelTypes,
    primaryType: 'ClaimBatch',
    message: {
      claims: tabs.map(({ id, signed, charged }) => ({ channelId: id, maxClaimableAmount: signed, totalClaimed: charged })),
    },
  });
  const args = [claims, await authorizer.signDigest(fromHex(digest))] as const;
  return encodeFunctionData({ abi: batchSettlementAbi, functionName: 'claimWithSignature', args });
}

const bundle = ({ address }: Contract, calls: Hex[]): Errand => ({
  to: address,
  data: encodeFunctionData({ abi: batchSettlementAbi, functionName: 'multicall', args: [calls] }),
});
