import { hash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { route } from '../../http/route.ts';

/** Where apps look for the SDK; the trailing slash is how `js.puter.com/v2/` is written. */
const paths = ['/puter.js', '/puter.js/', '/puter.js/v1', '/puter.js/v1/', '/puter.js/v2', '/puter.js/v2/', '/sdk/puter.js'];
const bundlePath = new URL('../dist/puter.cjs', import.meta.resolve('@heyputer/puter.js'));

/** One file in the memory of the node; it does not change while it runs. */
let bundle: Promise<Buffer> | undefined;

/**
 * The SDK as npm has it, with its notice, and one line before it: an app that loads it from here talks to here. It is Apache-2.0
 * (https://www.apache.org/licenses/LICENSE-2.0), and not changed otherwise.
 */
export const sdkRoutes = () =>
  paths.map((path) =>
    route({
      method: 'GET',
      path,
      dialect: 'gateway',
      policy: 'anyone',
      summary: 'puter.js, set to this node',
      async handle({ request, reply, arrival }) {
        bundle ??= readFile(bundlePath);
        const origin = JSON.stringify(arrival.origin);
        const first = `globalThis.PUTER_ORIGIN=${origin};globalThis.PUTER_API_ORIGIN=${origin}; // Set by Freehold. What follows is @heyputer/puter.js, Apache-2.0.\n`;
        const content = Buffer.concat([Buffer.from(first), await bundle]);
        const etag = `"${hash('sha256', content, 'hex').slice(0, 32)}"`;
        reply.headers({ 'content-type': 'text/javascript; charset=utf-8', 'cache-control': 'public, no-cache', etag });
        const known = request.headers['if-none-match']?.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag);
        return known ? reply.code(304).send() : reply.send(content);
      },
    }),
  );
