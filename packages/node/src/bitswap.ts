import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Drive } from '@freehold/drive';
import { ConfigError } from './error.ts';

/** The package that is installed only where bitswap is wanted: it brings libp2p, 107 MB. */
const packageDirectory = fileURLToPath(new URL('../../../extras/bitswap', import.meta.url));
const installCommand = 'npm ci --prefix extras/bitswap';

export type Bitswap = { addresses: string[]; stop: () => Promise<void> };
type Start = (options: { blocks: Drive['published']['blocks']; host: string; port: number }) => Promise<Bitswap>;

/** Gives published blocks to IPFS peers that connect. Errors: `bitswap_unavailable` with what to do. */
export async function openBitswap(options: Parameters<Start>[0], directory = packageDirectory): Promise<Bitswap> {
  if (!existsSync(join(directory, 'node_modules', 'helia')))
    throw new ConfigError(
      'bitswap_unavailable',
      409,
      `Bitswap is switched on, but its package is not installed. In the folder of Freehold run: ${installCommand}`,
    );
  // Loaded only here: its libraries are not among the dependencies of the node.
  const loaded: unknown = await import(pathToFileURL(join(directory, 'index.ts')).href);
  if (!isBitswapPackage(loaded))
    throw new ConfigError('bitswap_unavailable', 409, `The package of bitswap is another version. Run: ${installCommand}`);
  try {
    return await loaded.startBitswap(options);
  } catch (cause) {
    throw new ConfigError(
      'bitswap_unavailable',
      409,
      `Bitswap could not listen on port ${options.port} of ${options.host}. Choose another with FREEHOLD_BITSWAP_PORT.`,
      { cause },
    );
  }
}

const isBitswapPackage = (loaded: unknown): loaded is { startBitswap: Start } =>
  typeof loaded === 'object' && loaded !== null && 'startBitswap' in loaded && typeof loaded.startBitswap === 'function';
