import { batchSettlementAbi } from '@freehold/contracts';
import {
  channelErrors,
  hashTypedData,
  receiveAuthorizationTypedData,
  type Address,
  type ChannelDeposit,
  type Hex,
  type Token,
} from '@freehold/protocol';
import { encodeAbiParameters, encodeFunctionData, keccak256 } from 'viem';
import type { Errand } from '../../jobs/carry.ts';
import { invalid } from '../../terms.ts';
import { isKeySignature } from '../exact/signature.ts';
import type { Recover } from '../exact/verify.ts';
import type { Channel } from './verify.ts';

type Deposit = { channel: Channel; deposit: ChannelDeposit };

/** The nonce of a deposit's authorization: by it the payer binds his money to this channel. */
export const depositNonce = ({ channel, deposit }: Deposit): Hex =>
  keccak256(
    encodeAbiParameters([{ type: 'bytes32' }, { type: 'uint256' }], [channel.id, BigInt(deposit.authorization.erc3009Authorization.salt)]),
  );

/**
 * What can be told of a deposit without the chain. A wallet that is a contract signs in its own way, so that a signature is not by the key
 * of the payer's address is found only when the deposit is tried on the chain. Errors: `payment_invalid`.
 */
export function checkDeposit({
  channel,
  deposit,
  token,
  collector,
  seconds,
  recover,
}: Deposit & { token: Token; collector: Address; /** Since the epoch. */ seconds: bigint; recover: Recover }): { isKeySigned: boolean } {
  const { validAfter, validBefore, signature } = deposit.authorization.erc3009Authorization;
  if (BigInt(validAfter) >= seconds)
    throw invalid(channelErrors.validAfter, 'Its deposit is not valid yet. Is the clock of the payer right?');
  if (BigInt(validBefore) < seconds + leastSeconds)
    throw invalid(channelErrors.validBefore, 'Its deposit expires before the chain could take it. Sign a new one.');
  if (deposit.amount === '0') throw invalid(channelErrors.depositTooSmall, 'Its deposit is of nothing.');
  const digest = hashTypedData(
    receiveAuthorizationTypedData({
      message: {
        from: channel.config.payer,
        to: collector,
        value: deposit.amount,
        validAfter,
        validBefore,
        nonce: depositNonce({ channel, deposit }),
      },
      asset: token.asset,
      caip2: token.network,
      domain: token.domain,
    }),
  );
  return { isKeySigned: isKeySignature(signature) && recover(digest, signature) === channel.config.payer };
}

/** A deposit must stay good for so long. */
const leastSeconds = 6n;

export function depositErrand({ channel, deposit, contract, collector }: Deposit & { contract: Address; collector: Address }): Errand {
  const { validAfter, validBefore, salt, signature } = deposit.authorization.erc3009Authorization;
  const data = encodeAbiParameters(
    [{ type: 'uint256' }, { type: 'uint256' }, { type: 'uint256' }, { type: 'bytes' }],
    [BigInt(validAfter), BigInt(validBefore), BigInt(salt), signature],
  );
  return {
    to: contract,
    data: encodeFunctionData({
      abi: batchSettlementAbi,
      functionName: 'deposit',
      args: [channel.config, BigInt(deposit.amount), collector, data],
    }),
  };
}
