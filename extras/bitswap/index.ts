import { withBitswap } from '@helia/bitswap';
import { withLibp2pLight } from '@helia/libp2p';
import { identify } from '@libp2p/identify';
import { noise } from '@libp2p/noise';
import { tcp } from '@libp2p/tcp';
import { yamux } from '@libp2p/yamux';
import { createHeliaLight } from 'helia';
import { publishedBlockstore, type PublishedBlocks } from './blockstore.ts';

export type BitswapOptions = {
  /** What is published, and nothing else. */
  blocks: PublishedBlocks;
  /** Address of this machine to listen on, and port; 0 for any. */
  host: string;
  port: number;
};

/**
 * A peer that gives published blocks to whoever connects to it. It calls nobody: no bootstrap, no DHT, no relay. Its key lives as long as it
 * does, so it has another peer id after each start.
 */
export async function startBitswap({ blocks, host, port }: BitswapOptions): Promise<{ addresses: string[]; stop: () => Promise<void> }> {
  const helia = withBitswap(
    withLibp2pLight(createHeliaLight({ blockstore: publishedBlockstore(blocks) }), {
      addresses: { listen: [`/${host.includes(':') ? 'ip6' : 'ip4'}/${host}/tcp/${port}`] },
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      services: { identify: identify() },
    }),
  );
  await helia.start();
  return {
    addresses: helia.libp2p.getMultiaddrs().map(String),
    async stop() {
      await helia.stop();
    },
  };
}
