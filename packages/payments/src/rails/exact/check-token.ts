import { chainIdOf, type Token } from '@freehold/protocol';
import { AbiDecodingZeroDataError, BaseError, domainSeparator, parseAbi } from 'viem';
import { readContract } from 'viem/actions';
import { chainFailure, connectChain, type Chain, type ChainSettings } from './chain.ts';
import type { EndpointsLog } from './endpoints.ts';

const abi = parseAbi([
  'function DOMAIN_SEPARATOR() view returns (bytes32)',
  'function name() view returns (string)',
  'function version() view returns (string)',
  'function decimals() view returns (uint8)',
]);

/** Names and versions that dollars sign under, where the contract does not say its own. */
const usual = ['USD Coin', 'USDC', 'Bridged USDC'].flatMap((name) => ['2', '1'].map((version) => ({ name, version })));

export type TokenCheck =
  | { kind: 'right' }
  /** `sentence` says what the settings must say instead. */
  | { kind: 'wrong'; sentence: string }
  | { kind: 'unreachable'; message: string };

/**
 * Whether a token is what the settings say. A wrong domain is not seen by anybody until every payment is refused: the wallet signs what the
 * terms say, and the contract verifies something else ("USDC" on Base Sepolia, "USD Coin" on Base).
 */
export async function checkToken({ chain, token }: { chain: Chain; token: Token }): Promise<TokenCheck> {
  const address = token.asset;
  const ask = <Name extends 'DOMAIN_SEPARATOR' | 'name' | 'version' | 'decimals'>(functionName: Name) =>
    readContract(chain.client, { address, abi, functionName });
  const place = `${token.symbol} at ${address} on ${token.network}`;
  try {
    const separator = await ask('DOMAIN_SEPARATOR');
    const decimals = await ask('decimals');
    if (decimals !== token.decimals)
      return { kind: 'wrong', sentence: `The token ${place} has ${decimals} decimals, not ${token.decimals}. Correct "decimals".` };
    const fits = (domain: Token['domain']) => separatorOf({ ...token, domain }) === separator;
    if (fits(token.domain)) return { kind: 'right' };
    const own = await Promise.all([ask('name'), ask('version')]).then(
      ([name, version]) => [{ name, version }],
      () => [],
    );
    const right = [...own, ...usual].find(fits);
    const told = `The token ${place} does not sign under the name ${JSON.stringify(token.domain.name)} and version ${JSON.stringify(token.domain.version)}`;
    return {
      kind: 'wrong',
      sentence: right
        ? `${told}: the right values are "domain": ${JSON.stringify(right)}.`
        : `${told}, nor under any that Freehold knows. Look up the EIP-712 domain of the contract and write it as "domain".`,
    };
  } catch (error) {
    const { kind, message } = chainFailure(error);
    // A place without a contract answers everything with nothing.
    const isEmpty = error instanceof BaseError && error.walk((cause) => cause instanceof AbiDecodingZeroDataError) !== null;
    if (kind !== 'reverted' && !isEmpty) return { kind: 'unreachable', message };
    return {
      kind: 'wrong',
      sentence: `The contract ${place} has no DOMAIN_SEPARATOR, so it takes no signed transfers (EIP-3009). Name another token.`,
    };
  }
}

/** EIP-712: what the contract mixes into everything that is signed for it. */
const separatorOf = ({ asset, network, domain }: Token) =>
  domainSeparator({ domain: { ...domain, chainId: chainIdOf(network), verifyingContract: asset } });

/** The same for all tokens on the chains of the settings, at once. */
export async function checkTokens({
  chains,
  tokens,
  now,
  log,
}: {
  chains: readonly ChainSettings[];
  tokens: readonly Token[];
  now: () => number;
  log: EndpointsLog;
}): Promise<{ token: Token; check: TokenCheck }[]> {
  const all = await Promise.all(
    chains.map(async (settings) => {
      const chain = connectChain(settings, { now, log });
      const here = tokens.filter(({ network }) => network === settings.network);
      return Promise.all(here.map(async (token) => ({ token, check: await checkToken({ chain, token }) })));
    }),
  );
  return all.flat();
}
