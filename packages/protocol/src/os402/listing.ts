import { digestOf } from '../cid.ts';
import { toHex } from '../hex.ts';
import { formatUnits } from '../money.ts';
import type { Token } from '../network.ts';
import type { Offer } from '../offer.ts';

const architectures: Partial<Record<string, string>> = { 'linux-x64': 'x86_64', 'linux-arm64': 'aarch64' };

/**
 * An offer as OS402's clients read it in a list, for them to find and to price it. Times in SECONDS, sizes in KiB. It is not
 * what was signed: that is at `/{hash}`.
 */
export function asOs402(offer: Offer, token: Token | null) {
  const [price] = offer.prices;
  const perSecond = price && token?.asset === price.asset ? formatUnits(BigInt(price.amount), token.decimals) : undefined;
  return {
    name: offer.name,
    ...(offer.description !== undefined && { description: offer.description }),
    ...(offer.tool && { input_schema: offer.tool.inputSchema }),
    ...(offer.tool?.outputSchema && { output_schema: offer.tool.outputSchema }),
    ...(offer.pool !== undefined && { pool: offer.pool }),
    exec: {
      ...Object.fromEntries(
        offer.programs.map(({ runtime, cid }) => [architectures[runtime] ?? runtime, { sha256: toHex(digestOf(cid)).slice(2) }]),
      ),
      ...(offer.args && { args: offer.args }),
      env_extendable: offer.interface !== 'batch',
      stdin_appendable: offer.interface !== 'batch' || offer.open?.input === true,
      args_extendable: offer.open?.args === true,
    },
    limits: {
      ram_kb: Math.ceil(offer.limits.memoryBytes / 1024),
      buffer_capacity: offer.limits.outputBytes,
      cpu_time_secs: Math.ceil(offer.limits.cpuMs / 1000),
      wall_time_secs: Math.ceil(offer.limits.wallMs / 1000),
      net: false,
    },
    price:
      price && token && perSecond !== undefined
        ? [
            {
              token: token.symbol,
              token_address: price.asset,
              network: price.network,
              per_second: Number(perSecond),
              payment_address: price.payTo,
            },
          ]
        : [],
    min_duration_seconds: price?.per === 'second' ? Math.ceil((offer.minimumMs ?? 1000) / 1000) : 1,
    owner: offer.owner,
    valid_until: Math.floor(offer.expiresAt / 1000),
  };
}
