export { chainEntry, type ChainContracts, type ChainEntry, type ContractName, type ContractStatus } from './address-book.ts';
export { channelDomain, channelTypes } from './channel.ts';
export { deploymentsFor } from './deployments.ts';
export { ContractsError } from './error.ts';
export { escrowDomain, escrowOpenNonce, escrowTypes, type EscrowTerms } from './escrow.ts';
export {
  batchSettlementAbi,
  dstackVerifierAbi,
  erc3009DepositCollectorAbi,
  escrowAbi,
  multicall3Abi,
  registryAbi,
  resolverAbi,
  testUSDCAbi,
  testWalletAbi,
} from './generated/abi.ts';
export { openLocalChain, type LocalChain, type NoLocalChain } from './local-chain.ts';
export { localContracts, localToken } from './local-contracts.ts';
export { presentContracts } from './present-contracts.ts';
export {
  authorizationState,
  balanceOf,
  findAuthorizationUse,
  showsTransfer,
  transferWithAuthorization,
  vouchesFor,
  type ChainClient,
} from './token.ts';
