import { setTimeout as sleep } from 'node:timers/promises';
import type { Address, Hex } from '@freehold/protocol';
import { createPublicClient, createWalletClient, defineChain, formatEther, http, type PublicClient } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { chainEntry, type ChainEntry } from './address-book.ts';
import { create2Factory, deploymentsFor, wellKnown, type Deployments } from './deployments.ts';
import { ContractsError } from './error.ts';

type Log = (line: string) => void;

/** Deploys what a chain lacks, one transaction each, and answers with the entry for the address book. */
export async function deployContracts({
  rpcUrl,
  key,
  token,
  name,
  isDryRun,
  log,
}: {
  rpcUrl: string;
  key: Hex;
  token: Address;
  name?: string;
  isDryRun: boolean;
  log: Log;
}): Promise<{ network: string; entry: ChainEntry }> {
  const transport = http(rpcUrl);
  const id = await createPublicClient({ transport }).getChainId();
  const network = `eip155:${id}`;
  const chain = defineChain({
    id,
    name: name ?? network,
    nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
    rpcUrls: { default: { http: [rpcUrl] } },
  });
  const account = privateKeyToAccount(key);
  const client = createPublicClient({ chain, transport, cacheTime: 0 });
  const wallet = createWalletClient({ account, chain, transport });
  if (!(await hasCode(client, create2Factory))) {
    throw refused(
      `This chain lacks the deterministic deployer ${create2Factory}. Bring it there first: github.com/Arachnid/deterministic-deployment-proxy tells how.`,
    );
  }
  if (!(await hasCode(client, token)))
    throw refused(`There is no token at ${token} on this chain (${network}). Copy the address of the dollar again.`);

  const { wanted, contracts } = await plan(client, deploymentsFor(token));
  let cost = 0n;
  for (const [contract, { address, data }] of wanted) {
    if (await hasCode(client, address)) {
      log(`${contract} is at ${address} already`);
      continue;
    }
    const gas = await client.estimateGas({ account, to: create2Factory, data });
    const { maxFeePerGas } = await client.estimateFeesPerGas();
    cost += gas * maxFeePerGas;
    log(`${contract} goes to ${address}, for ${gas} gas`);
    if (isDryRun) continue;
    const hash = await wallet.sendTransaction({ to: create2Factory, data, gas });
    const status = await statusOf(client, hash);
    if (status !== 'success' || !(await hasCode(client, address))) {
      throw refused(`The chain did not make ${contract} (transaction ${hash}: ${status}). What was made before stays; run this again.`);
    }
  }
  log(
    isDryRun
      ? `It would cost at most ${formatEther(cost)} ether. Nothing was sent.`
      : `All of it is there. Gas cost at most ${formatEther(cost)} ether.`,
  );
  return { network, entry: { name: name ?? chainEntry(network)?.name ?? network, token, contracts } };
}

/** Asks again and again, and does not wait for blocks: a chain that mines only when there is something to do stands still afterwards. */
async function statusOf(client: PublicClient, hash: Hex): Promise<'success' | 'reverted' | 'unknown'> {
  for (let waitedMs = 0; waitedMs < 180_000; waitedMs += 500) {
    const receipt = await client.getTransactionReceipt({ hash }).catch(() => undefined);
    if (receipt) return receipt.status;
    await sleep(500);
  }
  return 'unknown';
}

type Contracts = ChainEntry['contracts'];

/** Ours in any case; the channel and its collector only where x402's own are missing. */
async function plan(client: PublicClient, { channel, depositCollector, ...ours }: Deployments) {
  const entry = ({ address }: { address: Address }, status: 'deployed' | 'others' | 'undeployed') => ({ address, status });
  const hasX402 = (await hasCode(client, wellKnown.channel.address)) && (await hasCode(client, wellKnown.depositCollector.address));
  const hasMulticall = await hasCode(client, wellKnown.multicall3.address);
  const contracts: Contracts = {
    escrow: entry(ours.escrow, 'deployed'),
    registry: entry(ours.registry, 'deployed'),
    resolver: entry(ours.resolver, 'deployed'),
    dstackVerifier: entry(ours.dstackVerifier, 'deployed'),
    channel: hasX402 ? entry(wellKnown.channel, 'others') : entry(channel, 'deployed'),
    depositCollector: hasX402 ? entry(wellKnown.depositCollector, 'others') : entry(depositCollector, 'deployed'),
    multicall3: entry(wellKnown.multicall3, hasMulticall ? 'others' : 'undeployed'),
  };
  const all = { ...ours, ...(hasX402 ? {} : { channel, depositCollector }) };
  return { contracts, wanted: Object.entries(all) };
}

const hasCode = async (client: PublicClient, address: Address) => (await client.getCode({ address })) !== undefined;

const refused = (message: string) => new ContractsError('deployment_refused', 400, message);
