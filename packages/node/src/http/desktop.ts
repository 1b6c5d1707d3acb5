import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { HttpServer } from './server.ts';

/** The desktop may load nothing but itself, be framed by nobody, and talk to this node only. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "media-src 'self' blob:",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "frame-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const year = 31_536_000;

/** Serves the built desktop: the page for `/`, and its hashed assets, which never change under one name. */
export function serveDesktop(server: HttpServer, directory: string): void {
  const page = join(directory, 'index.html');
  const html = existsSync(page)
    ? readFileSync(page, 'utf8')
    : '<!doctype html><title>Freehold</title><p>The desktop has not been built. Run <code>npm run build</code>.';
  server.get('/', async (_request, reply) =>
    reply
      .headers({
        'content-type': 'text/html; charset=utf-8',
        'content-security-policy': policy,
        'cache-control': 'no-cache',
        'x-frame-options': 'DENY',
      })
      .send(html),
  );
  if (!existsSync(page)) return;
  void server.register(fastifyStatic, {
    root: join(directory, 'assets'),
    prefix: '/assets/',
    index: false,
    immutable: true,
    maxAge: year * 1000,
    decorateReply: false,
  });
  const icon = join(directory, 'favicon.svg');
  if (existsSync(icon)) {
    const svg = readFileSync(icon);
    server.get('/favicon.svg', async (_request, reply) =>
      reply.headers({ 'content-type': 'image/svg+xml', 'cache-control': 'max-age=86400' }).send(svg),
    );
  }
}
