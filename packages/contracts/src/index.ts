export { ContractsError } from './error.ts';
export { localToken, openLocalChain, type LocalChain, type NoLocalChain } from './local-chain.ts';
export {
  authorizationState,
  balanceOf,
  findAuthorizationUse,
  showsTransfer,
  transferWithAuthorization,
  vouchesFor,
  type ChainClient,
} from './token.ts';
