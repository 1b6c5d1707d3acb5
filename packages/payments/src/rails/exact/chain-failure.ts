import { BaseError } from 'viem';

export type ChainFailure = {
  /** `reverted`: the contract said no. `refused`: the RPC server said no. `unreachable`: nobody said anything; it may have happened. */
  kind: 'reverted' | 'refused' | 'unreachable';
  message: string;
};

/** Sorts an error of viem. Errors that are not of the chain are thrown on. */
export function chainFailure(error: unknown): ChainFailure {
  if (!(error instanceof BaseError)) throw error;
  const answer = error.walk((cause) => cause instanceof Error && cause.name === 'RpcRequestError');
  if (!answer) return { kind: 'unreachable', message: error.shortMessage };
  const message = answer instanceof BaseError ? answer.details : answer.message;
  const code = 'code' in answer ? answer.code : undefined;
  const kind =
    code === 3 || /revert|EVM error|invalid (opcode|jump)/i.test(message) ? 'reverted' : isOverload(code) ? 'unreachable' : 'refused';
  return { kind, message };
}

/** -32005 limit exceeded, 429 too many requests, -32603 internal error: nothing about the transaction itself. */
const isOverload = (code: unknown) => code === -32005 || code === 429 || code === -32603;
