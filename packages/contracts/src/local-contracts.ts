import { toAddress, type Address, type Hex, type Token } from '@freehold/protocol';
import { encodeDeployData, encodeFunctionData } from 'viem';
import artifacts from '../artifacts/TestUSDC.json' with { type: 'json' };
import type { ChainContracts } from './address-book.ts';
import { create2Factory, deploymentsFor, wellKnown, type Deployment } from './deployments.ts';
import { ContractsError } from './error.ts';
import { multicall3Abi, testUSDCAbi } from './generated/abi.ts';
import { sendAsOperator, type Request } from './operator.ts';

/** Where the test token lives on every local chain: the first contract of the first development account. */
export const localToken: Token = {
  network: 'eip155:31337',
  asset: toAddress('0x5fbdb2315678afecb367f032d93f642f64180aa3'),
  symbol: 'USDC',
  decimals: 6,
  domain: { name: 'USD Coin', version: '2' },
};

const { escrow, registry, resolver, dstackVerifier } = deploymentsFor(localToken.asset);

/** Where everything else is on every local chain: at its place as on any chain, or where the world looks for it. */
export const localContracts: ChainContracts = {
  escrow: escrow.address,
  registry: registry.address,
  resolver: resolver.address,
  dstackVerifier: dstackVerifier.address,
  channel: wellKnown.channel.address,
  depositCollector: wellKnown.depositCollector.address,
  multicall3: wellKnown.multicall3.address,
};

/**
 * Sees to it that a chain has all of them: a new one, one that an older version saved, and one whose contracts are of an
 * older version. What belongs at an address that others chose gets its code written there; the rest is deployed as on any
 * chain, in one transaction.
 */
export async function deployLocalContracts(request: Request): Promise<void> {
  await Promise.all([deployToken(request), ...Object.values(wellKnown).map((contract) => putCode(request, contract))]);
  const missing = await withoutCode(request, [escrow, registry, resolver, dstackVerifier]);
  if (missing.length === 0) return;
  const calls = missing.map(({ data }) => ({ target: create2Factory, callData: data }));
  const data = encodeFunctionData({ abi: multicall3Abi, functionName: 'tryAggregate', args: [true, calls] });
  await sendAsOperator(request, { to: wellKnown.multicall3.address, data });
  const [failure] = await withoutCode(request, missing);
  if (failure) throw failed(`the contract of ${failure.address}`);
}

async function withoutCode(request: Request, deployments: Deployment[]): Promise<Deployment[]> {
  const present = await Promise.all(deployments.map(({ address }) => hasCode(request, address)));
  return deployments.filter((_, index) => !present[index]);
}

async function deployToken(request: Request): Promise<void> {
  if (await hasCode(request, localToken.asset)) return;
  await sendAsOperator(request, { data: encodeDeployData({ abi: testUSDCAbi, bytecode: artifacts.TestUSDC.bytecode as Hex }) });
  if (!(await hasCode(request, localToken.asset))) throw failed('the test token');
}

/** The chain itself runs the init code, which answers with the code to keep. */
async function putCode(request: Request, { address, initCode }: { address: Address; initCode: Hex }): Promise<void> {
  const [code, present] = await Promise.all([
    request<Hex>('eth_call', [{ data: initCode }, 'latest']),
    request<Hex>('eth_getCode', [address, 'latest']),
  ]);
  if (code !== present) await request('anvil_setCode', [address, code]);
}

const hasCode = async (request: Request, address: Address) => (await request<Hex>('eth_getCode', [address, 'latest'])) !== '0x';

const failed = (what: string) => new ContractsError('chain_failed', 500, `The local chain did not take ${what}.`);
