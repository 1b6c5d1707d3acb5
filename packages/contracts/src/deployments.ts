import { toAddress, type Address, type Hex } from '@freehold/protocol';
import { concatHex, encodeDeployData, getCreate2Address, namehash, type EncodeDeployDataParameters } from 'viem';
import channelArtifacts from '../artifacts/BatchSettlement.json' with { type: 'json' };
import dstackArtifacts from '../artifacts/DstackChain.json' with { type: 'json' };
import escrowArtifacts from '../artifacts/Escrow.json' with { type: 'json' };
import multicallArtifacts from '../artifacts/Multicall3.json' with { type: 'json' };
import registryArtifacts from '../artifacts/Registry.json' with { type: 'json' };
import resolverArtifacts from '../artifacts/Resolver.json' with { type: 'json' };
import {
  batchSettlementAbi,
  dstackVerifierAbi,
  erc3009DepositCollectorAbi,
  escrowAbi,
  multicall3Abi,
  registryAbi,
  resolverAbi,
} from './generated/abi.ts';

/**
 * The contract that makes others at addresses that depend on their code alone: the same on every chain, whoever pays. It
 * has this address on all public chains and on anvil (github.com/Arachnid/deterministic-deployment-proxy).
 */
export const create2Factory = toAddress('0x4e59b44847b379578588920ca78fbf26c0b4956c');

/** Changes when all contracts are to have new addresses. */
const salt: Hex = `0x${'00'.repeat(32)}`;

const hex = ({ bytecode }: { bytecode: string }): Hex => `0x${bytecode.slice(2)}`;

/** A contract that Freehold deploys: where it will be, and the calldata by which the factory makes it. */
export type Deployment = { address: Address; data: Hex };

function deploymentOf(contract: EncodeDeployDataParameters): Deployment {
  const initCode = encodeDeployData(contract);
  const address = toAddress(getCreate2Address({ from: create2Factory, salt, bytecode: initCode }));
  return { address, data: concatHex([salt, initCode]) };
}

/** The node that all names are under: the namehash of `freehold`. */
export const rootNode: Hex = namehash('freehold');

/** Bond of a name in atomic units: five dollars. */
const bond = 5_000_000n;

export type Deployments = Record<'escrow' | 'registry' | 'resolver' | 'dstackVerifier' | 'channel' | 'depositCollector', Deployment>;

/** Our contracts for one token on any chain, in an order in which they can be made. The channel is for chains that lack the original. */
export function deploymentsFor(token: Address): Deployments {
  const escrow = deploymentOf({ abi: escrowAbi, bytecode: hex(escrowArtifacts.Escrow), args: [token] });
  const registry = deploymentOf({ abi: registryAbi, bytecode: hex(registryArtifacts.Registry), args: [rootNode, token, bond] });
  const resolver = deploymentOf({ abi: resolverAbi, bytecode: hex(resolverArtifacts.Resolver), args: [registry.address] });
  const dstackVerifier = deploymentOf({ abi: dstackVerifierAbi, bytecode: hex(dstackArtifacts.DstackVerifier) });
  const channel = deploymentOf({ abi: batchSettlementAbi, bytecode: hex(channelArtifacts.BatchSettlement) });
  const depositCollector = deploymentOf(collectorOf(channel.address));
  return { escrow, registry, resolver, dstackVerifier, channel, depositCollector };
}

function collectorOf(channel: Address) {
  return { abi: erc3009DepositCollectorAbi, bytecode: hex(channelArtifacts.Erc3009DepositCollector), args: [channel] } as const;
}

/** x402 looks for its channels here, on every chain. */
const x402Channel = toAddress('0x4020074e9dF2ce1deE5A9C1b5c3f541D02a10003');

/** What stands at addresses that everybody knows. Where the originals are missing, on the local chain, ours take their place. */
export const wellKnown = {
  channel: {
    address: x402Channel,
    initCode: encodeDeployData({ abi: batchSettlementAbi, bytecode: hex(channelArtifacts.BatchSettlement) }),
  },
  depositCollector: {
    address: toAddress('0x4020806089470a89826cB9fB1f4059150b550004'),
    initCode: encodeDeployData(collectorOf(x402Channel)),
  },
  multicall3: {
    address: toAddress('0xcA11bde05977b3631167028862bE2a173976CA11'),
    initCode: encodeDeployData({ abi: multicall3Abi, bytecode: hex(multicallArtifacts.Multicall3) }),
  },
};
