import { toAddress, type Address, type Hex, type Token } from '@freehold/protocol';
import { encodeDeployData } from 'viem';
import artifacts from '../artifacts/TestUSDC.json' with { type: 'json' };
import type { ChainContracts } from './address-book.ts';
import { create2Factory, deploymentsFor, wellKnown } from './deployments.ts';
import { ContractsError } from './error.ts';
import { testUSDCAbi } from './generated/abi.ts';
import { sendAsOperator, type Request } from './operator.ts';

/** Where the test token lives on every local chain: the first contract of the first development account. */
export const localToken: Token = {
  network: 'eip155:31337',
  asset: toAddress('0x5fbdb2315678afecb367f032d93f642f64180aa3'),
  symbol: 'USDC',
  decimals: 6,
  domain: { name: 'USD Coin', version: '2' },
};

const deployments = deploymentsFor(localToken.asset);

/** Where everything else is on every local chain. */
export const localContracts: ChainContracts = {
  escrow: deployments.escrow.address,
  channel: wellKnown.channel.address,
  depositCollector: wellKnown.depositCollector.address,
  multicall3: wellKnown.multicall3.address,
};

/**
 * Sees to it that a chain has all of them: a new one, one that an older version saved, and one whose contracts are of an
 * older version. What belongs at an address that others chose gets its code written there; the rest is deployed as on any chain.
 */
export async function deployLocalContracts(request: Request): Promise<void> {
  await Promise.all([deployToken(request), ...Object.values(wellKnown).map((contract) => putCode(request, contract))]);
  for (const { address, data } of Object.values(deployments)) {
    if (await hasCode(request, address)) continue;
    await sendAsOperator(request, { to: create2Factory, data });
    if (!(await hasCode(request, address))) throw failed(`the contract of ${address}`);
  }
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
