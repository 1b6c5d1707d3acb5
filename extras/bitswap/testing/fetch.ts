// Fetches blocks as another implementation does and prints the SHA-256 of each, or the reason why not.
// Usage: fetch.ts bitswap <multiaddr> <cid>… | fetch.ts http <origin> <cid>…
import { createHash } from 'node:crypto';
import { withBitswap } from '@helia/bitswap';
import { withHTTP } from '@helia/http';
import { withLibp2pLight } from '@helia/libp2p';
import { identify } from '@libp2p/identify';
import { noise } from '@libp2p/noise';
import { tcp } from '@libp2p/tcp';
import { yamux } from '@libp2p/yamux';
import { multiaddr } from '@multiformats/multiaddr';
import { createHeliaLight } from 'helia';
import { CID } from 'multiformats/cid';

const patience = 5000;
const [how = '', where = '', ...cids] = process.argv.slice(2);

async function connect() {
  if (how === 'http') {
    // Without any router Helia 7.1.15 waits for ever for providers.
    const none = { name: 'none', async *findProviders() {} };
    const options = { recursiveGateways: [where], delegatedRouters: [], allowInsecure: true, allowLocal: true };
    return withHTTP(createHeliaLight({ routers: [none] }), options).start();
  }
  const helia = withBitswap(
    withLibp2pLight(createHeliaLight(), {
      addresses: { listen: [] },
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      services: { identify: identify() },
    }),
  );
  await helia.start();
  await helia.libp2p.dial(multiaddr(where));
  return helia;
}

const helia = await connect();
for (const cid of cids) {
  try {
    const hash = createHash('sha256');
    for await (const bytes of helia.blockstore.get(CID.parse(cid), { signal: AbortSignal.timeout(patience) })) hash.update(bytes);
    process.stdout.write(`${cid} ${hash.digest('hex')}\n`);
  } catch (error) {
    process.stdout.write(`${cid} ${error instanceof Error ? error.name : String(error)}\n`);
  }
}
await helia.stop();
process.exit(0);
