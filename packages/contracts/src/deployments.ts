import { toAddress, type Address, type Hex } from '@freehold/protocol';
import { concatHex, encodeDeployData, getCreate2Address } from 'viem';
import channelArtifacts from '../artifacts/BatchSettlement.json' with { type: 'json' };
import escrowArtifacts from '../artifacts/Escrow.json' with { type: 'json' };
import multicallArtifacts from '../artifacts/Multicall3.json' with { type: 'json' };
import { batchSettlementAbi, erc3009DepositCollectorAbi, escrowAbi, multicall3Abi } from './generated/abi.ts';

/**
 * The contract that makes others at addresses that depend on their code alone: the same on every chain, whoever pays. It
 * has this address on all public chains and on anvil (github.com/Arachnid/deterministic-deployment-proxy).
 */
export const create2Factory = toAddress('0x4e59b44847b379578588920ca78fbf26c0b4956c');

/** Changes when all contracts are to have new addresses. */
const salt: Hex = `0x${'00'.repeat(32)}`;

/** A contract that Freehold deploys: where it will be, and the calldata by which the factory makes it. */
export type Deployment = { address: Address; data: Hex };

/** Init code is creation code with its constructor's arguments. */
function deploymentOf(initCode: Hex): Deployment {
  const address = toAddress(getCreate2Address({ from: create2Factory, salt, bytecode: initCode }));
  return { address, data: concatHex([salt, initCode]) };
}

/** Our contracts for one token on any chain. */
export function deploymentsFor(token: Address): { escrow: Deployment } {
  const bytecode = escrowArtifacts.Escrow.bytecode as Hex;
  return { escrow: deploymentOf(encodeDeployData({ abi: escrowAbi, bytecode, args: [token] })) };
}

/** What stands at addresses that everybody knows. Where the originals are missing, on the local chain, ours take their place. */
const channel = toAddress('0x4020074e9dF2ce1deE5A9C1b5c3f541D02a10003');
export const wellKnown = {
  channel: {
    address: channel,
    initCode: encodeDeployData({ abi: batchSettlementAbi, bytecode: channelArtifacts.BatchSettlement.bytecode as Hex }),
  },
  depositCollector: {
    address: toAddress('0x4020806089470a89826cB9fB1f4059150b550004'),
    initCode: encodeDeployData({
      abi: erc3009DepositCollectorAbi,
      bytecode: channelArtifacts.Erc3009DepositCollector.bytecode as Hex,
      args: [channel],
    }),
  },
  multicall3: {
    address: toAddress('0xcA11bde05977b3631167028862bE2a173976CA11'),
    initCode: encodeDeployData({ abi: multicall3Abi, bytecode: multicallArtifacts.Multicall3.bytecode as Hex }),
  },
};
