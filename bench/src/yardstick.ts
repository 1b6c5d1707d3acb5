/**
 * The yardstick server, a process of its own: Fastify that says hello (what any request costs here), and plain node:http that
 * takes and gives one file (what any transfer costs here). Takes the path of the file; prints its two URLs.
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
const files = createServer(async (request, response) => {
  if (path === undefined) {
    response.writeHead(404).end();
  } else if (request.method === 'PUT') {
    await pipeline(request, createWriteStream(`${path}.received-${received++}`, { flush: true }));
    response.writeHead(201).end();
  } else {
    response.writeHead(200, { 'content-length': statSync(path).size });
    await pipeline(createReadStream(path, { highWaterMark: 256 * 1024 }), response);
  }
});
files.listen(0, host, () => {
  const { port } = files.address() as AddressInfo;
  console.log(JSON.stringify({ hello: `${hello.listeningOrigin}/hello`, file: `http://${host}:${port}/file` }));
});
process.once('SIGTERM', () => process.exit(0));
