import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { toAddress, type Hex } from '@freehold/protocol';
import { createTestClient, encodeFunctionData, http, publicActions, walletActions, type PrivateKeyAccount } from 'viem';
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';
import { foundry } from 'viem/chains';
import contracts from '../artifacts/TestUSDC.json' with { type: 'json' };
import { authorizationState, balanceOf, findAuthorizationUse, openLocalChain, showsTransfer, transferWithAuthorization } from './index.ts';

const directory = mkdtempSync(join(tmpdir(), 'freehold-token-'));
const chain = await openLocalChain({ directory, log: () => undefined });
assert(chain.kind === 'running', 'this machine has no anvil');
after(async () => {
  await chain.stop();
  rmSync(directory, { recursive: true, force: true });
});

const { fund, token } = chain;
const { asset } = token;
const client = createTestClient({ mode: 'anvil', chain: foundry, transport: http(chain.rpcUrl), pollingInterval: 5, cacheTime: 0 })
  .extend(publicActions)
  .extend(walletActions);
const abi = contracts.TestUSDC.abi;
const domain = { ...token.domain, chainId: 31337, verifyingContract: asset };
const transferFields = [
  { name: 'from', type: 'address' },
  { name: 'to', type: 'address' },
  { name: 'value', type: 'uint256' },
  { name: 'validAfter', type: 'uint256' },
  { name: 'validBefore', type: 'uint256' },
  { name: 'nonce', type: 'bytes32' },
] as const;

async function holder(amount = 100n): Promise<PrivateKeyAccount> {
  const account = privateKeyToAccount(generatePrivateKey());
  await fund(account.address, amount);
  return account;
}

let nonces = 0;
const freshNonce = (): Hex => `0x${(++nonces).toString(16).padStart(64, '0')}`;
const payee = toAddress('0x00000000000000000000000000000000000000bb');

async function authorize(
  account: PrivateKeyAccount,
  changes: { to?: Hex; validAfter?: string; validBefore?: string } = {},
  primaryType = 'TransferWithAuthorization',
) {
  const authorization = {
    from: toAddress(account.address),
    to: payee,
    value: '7',
    validAfter: '0',
    validBefore: '99999999999',
    nonce: freshNonce(),
    ...changes,
  };
  const message = {
    ...authorization,
    value: 7n,
    validAfter: BigInt(authorization.validAfter),
    validBefore: BigInt(authorization.validBefore),
  };
  const signature = await account.signTypedData({ domain, types: { [primaryType]: transferFields }, primaryType, message });
  return { authorization, signature };
}

/** Sends from an account of anvil's own and waits; a revert is thrown with its reason. */
async function send(data: Hex, from?: Hex) {
  const [dev] = await client.getAddresses();
  assert(dev);
  const account = from ?? dev;
  await client.call({ account, to: asset, data });
  if (from) await client.impersonateAccount({ address: from });
  const hash = await client.sendTransaction({ account, to: asset, data });
  return client.waitForTransactionReceipt({ hash });
}

test('an authorization moves money once, whoever carries it, and the logs show what it paid', async () => {
  const payer = await holder();
  const before = await balanceOf(client, { asset, holder: payee });
  const first = await authorize(payer);
  const receipt = await send(transferWithAuthorization(first));
  assert.equal(await balanceOf(client, { asset, holder: payee }), before + 7n);
  const key = { asset, payer: first.authorization.from, nonce: first.authorization.nonce };
  assert.equal(await authorizationState(client, key), true);
  await assert.rejects(send(transferWithAuthorization(first)), /authorization is used or canceled/);

  assert.equal(await findAuthorizationUse(client, { ...key, fromBlock: 0n, toBlock: receipt.blockNumber }), receipt.transactionHash);
  assert.equal(showsTransfer(receipt.logs, { ...key, payTo: payee, amount: 7n }), true);
  assert.equal(showsTransfer(receipt.logs, { ...key, payTo: payee, amount: 8n }), false);
  assert.equal(showsTransfer(receipt.logs, { ...key, payTo: asset, amount: 7n }), false);
  assert.equal(showsTransfer(receipt.logs, { ...key, nonce: freshNonce(), payTo: payee, amount: 7n }), false);
});

test('an authorization is refused outside its time, changed, or signed by another', async () => {
  const payer = await holder();
  const refused = async (one: Awaited<ReturnType<typeof authorize>>, reason: RegExp) =>
    assert.rejects(send(transferWithAuthorization(one)), reason);
  await refused(await authorize(payer, { validAfter: '99999999998' }), /not yet valid/);
  await refused(await authorize(payer, { validBefore: '1' }), /authorization is expired/);
  const good = await authorize(payer);
  await refused({ ...good, authorization: { ...good.authorization, value: '8' } }, /invalid signature/);
  await refused({ ...good, signature: (await authorize(await holder())).signature }, /invalid signature/);
  await refused(await authorize(payer, {}, 'ReceiveWithAuthorization'), /invalid signature/);
  assert.equal(await balanceOf(client, { asset, holder: toAddress(payer.address) }), 100n);
});

test('receiveWithAuthorization is for the payee alone', async () => {
  const [payer, shop] = [await holder(), await holder(0n)];
  const { authorization, signature } = await authorize(payer, { to: shop.address }, 'ReceiveWithAuthorization');
  const { from, to, nonce } = authorization;
  const data = encodeFunctionData({
    abi,
    functionName: 'receiveWithAuthorization',
    args: [from, to, 7n, 0n, 99999999999n, nonce, signature],
  });
  await assert.rejects(send(data), /caller must be the payee/);
  await send(data, shop.address);
  assert.equal(await balanceOf(client, { asset, holder: toAddress(shop.address) }), 7n);
});

test('a cancelled authorization moves nothing; a permit lets a spender spend; strangers make no money', async () => {
  const owner = await holder();
  const one = await authorize(owner);
  const cancel = await owner.signTypedData({
    domain,
    types: {
      CancelAuthorization: [
        { name: 'authorizer', type: 'address' },
        { name: 'nonce', type: 'bytes32' },
      ],
    },
    primaryType: 'CancelAuthorization',
    message: { authorizer: owner.address, nonce: one.authorization.nonce },
  });
  await send(encodeFunctionData({ abi, functionName: 'cancelAuthorization', args: [owner.address, one.authorization.nonce, cancel] }));
  await assert.rejects(send(transferWithAuthorization(one)), /used or canceled/);

  const spender = await holder(0n);
  const permit = await owner.signTypedData({
    domain,
    types: {
      Permit: [
        { name: 'owner', type: 'address' },
        { name: 'spender', type: 'address' },
        { name: 'value', type: 'uint256' },
        { name: 'nonce', type: 'uint256' },
        { name: 'deadline', type: 'uint256' },
      ],
    },
    primaryType: 'Permit',
    message: { owner: owner.address, spender: spender.address, value: 5n, nonce: 0n, deadline: 99999999999n },
  });
  const permitted = encodeFunctionData({ abi, functionName: 'permit', args: [owner.address, spender.address, 5n, 99999999999n, permit] });
  await send(permitted);
  await assert.rejects(send(permitted), /invalid signature/);
  await send(encodeFunctionData({ abi, functionName: 'transferFrom', args: [owner.address, payee, 5n] }), spender.address);
  assert.equal(await balanceOf(client, { asset, holder: toAddress(owner.address) }), 95n);
  await assert.rejects(send(encodeFunctionData({ abi, functionName: 'mint', args: [owner.address, 1n] }), spender.address), /not a minter/);
});
