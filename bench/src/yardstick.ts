/**
 * The yardstick server, a process of its own: Fastify that says hello (what any request costs here), and plain node:http that
 * takes and gives one file (what any transfer costs here), or says hello itself. Takes the path of the file; prints its URLs.
 */
import { createReadStream, createWriteStream, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import Fastify from 'fastify';

const host = '127.0.0.1';
const [path] = process.argv.slice(2);

const hello = Fastify();
hello.get('/hello', async () => ({ hello: 'world' }));
await hello.listen({ host, port: 0 });

let received = 0;
const plain = createServer(async (request, response) => {
  if (request.url === '/hello') {
    response.writeHead(200, ['content-type', 'application/json', 'content-length', '17']).end('{"hello":"world"}', 'latin1');
  } else if (path === undefined) {
    response.writeHead(404).end();
  } else if (request.method === 'PUT') {
    await pipeline(request, createWriteStream(`${path}.received-${received++}`, { flush: true }));
    response.writeHead(201).end();
  } else {
    response.writeHead(200, { 'content-length': statSync(path).size });
    await pipeline(createReadStream(path, { highWaterMark: 256 * 1024 }), response);
  }
});
plain.listen(0, host, () => {
  const { port } = plain.address() as AddressInfo;
  const origin = `http://${host}:${port}`;
  console.log(JSON.stringify({ hello: `${hello.listeningOrigin}/hello`, plain: `${origin}/hello`, file: `${origin}/file` }));
});
process.once('SIGTERM', () => process.exit(0));
