import { setTimeout as sleep } from 'node:timers/promises';
import {
  batchSettlementAbi,
  channelDomain,
  channelTypes,
  escrowAbi,
  escrowDomain,
  escrowOpenNonce,
  escrowTypes,
  localToken,
  multicall3Abi,
  openLocalChain,
  transferWithAuthorization,
  type ChainContracts,
} from '@freehold/contracts';
import { toAddress, zeroAddress, type Address, type Hex } from '@freehold/protocol';
import {
  createWalletClient,
  encodeAbiParameters,
  encodeFunctionData,
  hashTypedData,
  http,
  keccak256,
  numberToHex,
  publicActions,
  type PrivateKeyAccount,
  type PublicActions,
} from 'viem';
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';
import { foundry } from 'viem/chains';
import type { Context } from './context.ts';
import { times, type Table } from './table.ts';

const callsPerSettlement = [1, 100, 10_000];
const batch = 50;
/** One call, in atomic units: a tenth of a cent. */
const price = 1_000n;
const deposit = price * BigInt(callsPerSettlement.at(-1) ?? 1);
const [until, zero]: [bigint, Hex] = [BigInt(2 ** 40), numberToHex(0, { size: 32 })];
const { asset, domain } = localToken;
const chainId = foundry.id;

/** Gas of whole transactions (their base price and their data with them) on the embedded chain, for one call of a function. */
export async function paymentsGas({ directory, signal }: Context): Promise<Table> {
  const local = await openLocalChain({ directory, log: () => undefined, signal });
  if (local.kind === 'unavailable') throw new Error(local.message);
  try {
    return await measure(local.contracts, local.rpcUrl, (address, amount) => local.fund(address, amount));
  } finally {
    await local.stop();
  }
}

async function measure(
  contracts: ChainContracts,
  rpcUrl: string,
  fund: (address: Address, amount: bigint) => Promise<void>,
): Promise<Table> {
  const [sender, seller] = [privateKeyToAccount(generatePrivateKey()), privateKeyToAccount(generatePrivateKey())];
  for (const { address } of [sender, seller]) await fund(toAddress(address), 1n);
  const walletOf = (account: PrivateKeyAccount) =>
    createWalletClient({ account, chain: foundry, transport: http(rpcUrl), cacheTime: 0 }).extend(publicActions);
  const wallets = { sender: walletOf(sender), seller: walletOf(seller) };
  const payTo = toAddress(seller.address);

  async function send(to: Address, data: Hex, who: 'sender' | 'seller' = 'sender'): Promise<number> {
    const hash = await wallets[who].sendTransaction({ to, data });
    const { gasUsed, status } = await receiptOf(wallets[who], hash);
    if (status !== 'success') throw new Error(`The chain refused a transaction to ${to}`);
    return Number(gasUsed);
  }
  const payers = async (count: number) => {
    const accounts = Array.from({ length: count }, () => privateKeyToAccount(generatePrivateKey()));
    for (const { address } of accounts) await fund(toAddress(address), deposit);
    return accounts;
  };
  const authorize = (payer: PrivateKeyAccount, primaryType: string, to: Address, value: bigint, nonce: Hex) =>
    payer.signTypedData({
      domain: { ...domain, chainId, verifyingContract: asset },
      types: { [primaryType]: eip3009 },
      primaryType,
      message: { from: payer.address, to, value, validAfter: 0n, validBefore: until, nonce },
    });

  // ----------------------------------------------------------------------------------------------------------- exact
  const pay = async (payer: PrivateKeyAccount, nonce: Hex): Promise<Hex> => {
    const authorization = {
      from: toAddress(payer.address),
      to: payTo,
      value: String(price),
      validAfter: '0',
      validBefore: String(until),
      nonce,
    };
    return transferWithAuthorization({
      authorization,
      signature: await authorize(payer, 'TransferWithAuthorization', payTo, price, nonce),
    });
  };
  const inOne = (calls: Hex[]) =>
    encodeFunctionData({
      abi: multicall3Abi,
      functionName: 'tryAggregate',
      args: [true, calls.map((callData) => ({ target: asset, callData }))],
    });
  const exactPayers = await payers(batch + 1);
  const [first] = exactPayers;
  if (!first) throw new Error('no payer');
  await send(asset, await pay(first, keccak256('0x01')));
  const exact = await send(asset, await pay(first, keccak256('0x02')));
  for (const payer of exactPayers) await send(asset, await pay(payer, keccak256('0x03')));
  const together = await Promise.all(exactPayers.slice(1).map((payer) => pay(payer, keccak256('0x04'))));
  const exactBatch = (await send(contracts.multicall3, inOne(together))) / batch;

  // --------------------------------------------------------------------------------------------------------- channel
  const config = (payer: PrivateKeyAccount) => ({
    payer: toAddress(payer.address),
    payerAuthorizer: toAddress(payer.address),
    receiver: payTo,
    receiverAuthorizer: payTo,
    token: asset,
    withdrawDelay: 900,
    salt: zero,
  });
  const channel = contracts.channel;
  const channelSignature = channelDomain({ chainId, channel });
  const idOf = (payer: PrivateKeyAccount) =>
    hashTypedData({ domain: channelSignature, types: channelTypes, primaryType: 'ChannelConfig', message: config(payer) });
  async function openChannel(payer: PrivateKeyAccount): Promise<number> {
    const nonce = keccak256(encodeAbiParameters([{ type: 'bytes32' }, { type: 'uint256' }], [idOf(payer), 0n]));
    const signature = await authorize(payer, 'ReceiveWithAuthorization', contracts.depositCollector, deposit, nonce);
    const collectorData = encodeAbiParameters(
      [{ type: 'uint256' }, { type: 'uint256' }, { type: 'uint256' }, { type: 'bytes' }],
      [0n, until, 0n, signature],
    );
    return send(
      channel,
      encodeFunctionData({
        abi: batchSettlementAbi,
        functionName: 'deposit',
        args: [config(payer), deposit, contracts.depositCollector, collectorData],
      }),
    );
  }
  async function claim(paying: PrivateKeyAccount[], calls: number): Promise<number> {
    const total = price * BigInt(calls);
    const claims = await Promise.all(
      paying.map(async (payer) => ({
        voucher: { channel: config(payer), maxClaimableAmount: total },
        signature: await payer.signTypedData({
          domain: channelSignature,
          types: channelTypes,
          primaryType: 'Voucher',
          message: { channelId: idOf(payer), maxClaimableAmount: total },
        }),
        totalClaimed: total,
      })),
    );
    const claimed = await send(channel, encodeFunctionData({ abi: batchSettlementAbi, functionName: 'claim', args: [claims] }), 'seller');
    return claimed + (await send(channel, encodeFunctionData({ abi: batchSettlementAbi, functionName: 'settle', args: [payTo, asset] })));
  }

  // ---------------------------------------------------------------------------------------------------------- escrow
  const escrow = contracts.escrow;
  async function openGrant(payer: PrivateKeyAccount): Promise<number> {
    const terms = { payer: toAddress(payer.address), provider: payTo, priceCap: price, budget: deposit, signer: zeroAddress, salt: zero };
    const signature = await authorize(payer, 'ReceiveWithAuthorization', escrow, deposit, escrowOpenNonce(terms));
    const opening = { ...terms, amount: deposit, validAfter: 0n, validBefore: until };
    return send(escrow, encodeFunctionData({ abi: escrowAbi, functionName: 'openWithAuthorization', args: [opening, signature] }));
  }
  async function settle(paying: PrivateKeyAccount[], calls: number): Promise<number> {
    const cumulative = price * BigInt(calls);
    const vouchers = await Promise.all(
      paying.map(async (payer) => ({
        payer: toAddress(payer.address),
        epoch: 0,
        cumulative,
        signature: await payer.signTypedData({
          domain: escrowDomain({ chainId, escrow }),
          types: escrowTypes,
          primaryType: 'Voucher',
          message: { payer: payer.address, provider: payTo, epoch: 0, cumulative },
        }),
      })),
    );
    const settled = await send(escrow, encodeFunctionData({ abi: escrowAbi, functionName: 'settle', args: [payTo, vouchers] }));
    const withdrawal = encodeFunctionData({ abi: escrowAbi, functionName: 'withdraw', args: [payTo, cumulative * BigInt(paying.length)] });
    return settled + (await send(escrow, withdrawal, 'seller'));
  }

  async function perCall(
    open: (payer: PrivateKeyAccount) => Promise<number>,
    settleThem: (paying: PrivateKeyAccount[], calls: number) => Promise<number>,
    size: number,
  ) {
    const rows: number[] = [];
    let opening = 0;
    for (const calls of callsPerSettlement) {
      const paying = await payers(size);
      const gas: number[] = [];
      for (const payer of paying) gas.push(await open(payer));
      opening = gas.at(-1) ?? 0;
      rows.push((await settleThem(paying, calls)) / size / calls);
    }
    return { rows, opening };
  }
  // The first payment to a seller costs more, once in its life.
  await perCall(openChannel, claim, 1);
  await perCall(openGrant, settle, 1);
  const results = {
    channel: await perCall(openChannel, claim, 1),
    channels: await perCall(openChannel, claim, batch),
    grant: await perCall(openGrant, settle, 1),
    grants: await perCall(openGrant, settle, batch),
  };
  const [charged] = await payers(1);
  if (!charged) throw new Error('no payer');
  await openGrant(charged);
  const consumption = encodeFunctionData({ abi: escrowAbi, functionName: 'consume', args: [toAddress(charged.address), price] });
  await send(escrow, consumption, 'seller');
  const consume = await send(escrow, consumption, 'seller');

  const always = (gas: number) => callsPerSettlement.map(() => gas);
  const row = (name: string, opening: number | undefined, gas: number[]) => [name, opening, ...gas, times(exact / (gas.at(-1) ?? exact))];
  return {
    title: 'Gas of a paid call',
    columns: [
      '',
      'opening, once',
      ...callsPerSettlement.map((calls) => `${formatCount(calls)} a settlement`),
      'exact takes, at most calls',
    ],
    rows: [
      row('exact, one transaction each (yardstick)', undefined, always(exact)),
      row(`exact, ${batch} payers in one transaction`, undefined, always(exactBatch)),
      row('escrow, charged on-chain call by call', results.grant.opening, always(consume)),
      row('channel', results.channel.opening, results.channel.rows),
      row(`channel, ${batch} payers in one claim`, results.channels.opening, results.channels.rows),
      row('escrow voucher', results.grant.opening, results.grant.rows),
      row(`escrow voucher, ${batch} payers in one settlement`, results.grants.opening, results.grants.rows),
    ],
    notes: [
      'Whole transactions: base price and data are in it, and the transfer to the seller after a claim or a settlement.',
      'A voucher says what all calls cost together, so a settlement costs the same whatever their number.',
      'On a rollup the data of a transaction costs extra; here it costs what Ethereum asks.',
    ],
  };
}

/** Asks again and again: the embedded chain mines at once and then stands still, and waiting for a block would wait for ever. */
async function receiptOf(client: Pick<PublicActions, 'getTransactionReceipt'>, hash: Hex) {
  for (;;) {
    const receipt = await client.getTransactionReceipt({ hash }).catch(() => undefined);
    if (receipt) return receipt;
    await sleep(5);
  }
}

const formatCount = (calls: number) => (calls === 1 ? '1 call' : `${calls.toLocaleString('en-US')} calls`);

const eip3009 = [
  { name: 'from', type: 'address' },
  { name: 'to', type: 'address' },
  { name: 'value', type: 'uint256' },
  { name: 'validAfter', type: 'uint256' },
  { name: 'validBefore', type: 'uint256' },
  { name: 'nonce', type: 'bytes32' },
];
