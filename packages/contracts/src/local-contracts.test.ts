import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { toAddress, type Hex } from '@freehold/protocol';
import { createPublicClient, encodeDeployData, encodeFunctionData, hashTypedData, http, type Transport } from 'viem';
import { foundry } from 'viem/chains';
import artifacts from '../artifacts/TestUSDC.json' with { type: 'json' };
import { anvilBinary, spawnAnvil } from './anvil.ts';
import { wellKnown } from './deployments.ts';
import {
  balanceOf,
  batchSettlementAbi,
  chainEntry,
  channelDomain,
  channelTypes,
  erc3009DepositCollectorAbi,
  escrowAbi,
  escrowDomain,
  escrowOpenNonce,
  escrowTypes,
  localContracts,
  localToken,
  multicall3Abi,
  openLocalChain,
  presentContracts,
  testUSDCAbi,
} from './index.ts';
import { sendAsOperator, type Request } from './operator.ts';
import { verifies } from '../../../requirements/verifies.ts';

const root = mkdtempSync(join(tmpdir(), 'freehold-contracts-'));
after(() => rmSync(root, { recursive: true, force: true }));
const log = () => undefined;
const holder = toAddress('0x00000000000000000000000000000000000000aa');
const provider = toAddress('0x00000000000000000000000000000000000000bb');
const signer = toAddress('0x00000000000000000000000000000000000000cc');
const salt: Hex = `0x${'07'.repeat(32)}`;

async function open(directory: string) {
  const chain = await openLocalChain({ directory, log });
  assert(chain.kind === 'running', 'this machine has no anvil');
  const client = createPublicClient<Transport, typeof foundry>({ chain: foundry, transport: http(chain.rpcUrl), cacheTime: 0 });
  return { chain, client };
}

test('the local chain has every contract of the address book, and they hash what the bindings hash', async (t) => {
  verifies('payments.contracts.book');
  const { chain, client } = await open(join(root, 'fresh'));
  t.after(() => chain.stop());
  assert.deepEqual(await presentContracts(client, localToken.network), localContracts);
  assert.deepEqual(chain.contracts, localContracts);
  const entry = chainEntry(localToken.network);
  assert.equal(entry?.token, localToken.asset);
  for (const [name, { address, status }] of Object.entries(entry?.contracts ?? {})) {
    assert.deepEqual([name, address, status], [name, Object.entries(localContracts).find(([key]) => key === name)?.[1], 'deployed']);
  }

  const { escrow, channel, depositCollector, multicall3 } = localContracts;
  const chainId = foundry.id;
  assert.equal(await client.readContract({ address: escrow, abi: escrowAbi, functionName: 'token' }), localToken.asset);
  assert.equal(
    await client.readContract({ address: escrow, abi: escrowAbi, functionName: 'voucherDigest', args: [holder, provider, 3, 1_000n] }),
    hashTypedData({
      domain: escrowDomain({ chainId, escrow }),
      types: escrowTypes,
      primaryType: 'Voucher',
      message: { payer: holder, provider, epoch: 3, cumulative: 1_000n },
    }),
  );
  const terms = { payer: holder, provider, priceCap: 5n, budget: 100n, signer, salt };
  assert.equal(
    await client.readContract({
      address: escrow,
      abi: escrowAbi,
      functionName: 'openNonce',
      args: [holder, provider, 5n, 100n, signer, salt],
    }),
    escrowOpenNonce(terms),
  );
  const config = {
    payer: holder,
    payerAuthorizer: signer,
    receiver: provider,
    receiverAuthorizer: provider,
    token: localToken.asset,
    withdrawDelay: 900,
    salt,
  };
  assert.equal(
    await client.readContract({ address: channel, abi: batchSettlementAbi, functionName: 'getChannelId', args: [config] }),
    hashTypedData({ domain: channelDomain({ chainId, channel }), types: channelTypes, primaryType: 'ChannelConfig', message: config }),
  );
  assert.equal(
    await client.readContract({ address: depositCollector, abi: erc3009DepositCollectorAbi, functionName: 'settlement' }),
    channel,
  );
  const { result } = await client.simulateContract({
    address: multicall3,
    abi: multicall3Abi,
    functionName: 'tryAggregate',
    args: [
      false,
      [
        { target: escrow, callData: encodeFunctionData({ abi: escrowAbi, functionName: 'totalFree' }) },
        { target: escrow, callData: encodeFunctionData({ abi: escrowAbi, functionName: 'consume', args: [holder, 1n] }) },
      ],
    ],
  });
  assert.deepEqual(
    result.map(({ success }) => success),
    [true, false],
  );
});

test('a chain that an older version saved gets what it lacks, and keeps its balances', async () => {
  const binary = anvilBinary();
  assert(binary, 'this machine has no anvil');
  const directory = join(root, 'older');
  mkdirSync(directory);
  const anvil = await spawnAnvil({ binary, directory: realpathSync(directory), log });
  const transport = http(`http://127.0.0.1:${anvil.port}`)({});
  const request: Request = (method, params) => transport.request({ method, params });
  await sendAsOperator(request, { data: encodeDeployData({ abi: testUSDCAbi, bytecode: artifacts.TestUSDC.bytecode as Hex }) });
  await sendAsOperator(request, {
    to: localToken.asset,
    data: encodeFunctionData({ abi: testUSDCAbi, functionName: 'mint', args: [holder, 12n] }),
  });
  await request('anvil_setCode', [wellKnown.channel.address, '0x6001']);
  writeFileSync(join(directory, 'state.hex'), await request<string>('anvil_dumpState', []));
  await anvil.stop();

  const { chain, client } = await open(directory);
  assert.deepEqual(await presentContracts(client, localToken.network), localContracts);
  assert.equal(await balanceOf(client, { asset: localToken.asset, holder }), 12n);
  const code = await client.getCode({ address: wellKnown.channel.address });
  assert.notEqual(code, '0x6001');
  await chain.stop();
});

test('the address book says what is undeployed, and a chain without our contracts is told apart', async (t) => {
  assert.equal(chainEntry('eip155:8453')?.contracts.escrow.status, 'undeployed');
  assert.equal(chainEntry('eip155:1')?.contracts.channel.status, 'undeployed');
  assert.equal(chainEntry('eip155:2'), undefined);
  const binary = anvilBinary();
  assert(binary, 'this machine has no anvil');
  const directory = join(root, 'empty');
  mkdirSync(directory);
  const anvil = await spawnAnvil({ binary, directory: realpathSync(directory), log });
  t.after(() => anvil.stop());
  const client = createPublicClient({ transport: http(`http://127.0.0.1:${anvil.port}`) });
  assert.deepEqual(await presentContracts(client, 'eip155:8453'), {});
  const transport = http(`http://127.0.0.1:${anvil.port}`)({});
  // Somebody else's contract where the channels should be.
  await transport.request({ method: 'anvil_setCode', params: [wellKnown.channel.address, '0x60006000fd'] });
  assert.deepEqual(await presentContracts(client, 'eip155:8453'), {});
  await anvil.stop();
  await assert.rejects(presentContracts(client, 'eip155:8453'), 'a chain that does not answer lacks nothing');
});
