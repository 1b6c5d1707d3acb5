import { startIfMain } from './main.ts';
import { serveCgi } from './serve-cgi.ts';

export type Handler = { fetch(request: Request): Promise<Response> };

/**
 * A function that answers HTTP requests. Export what it returns as the module's default. As a program of its own it speaks CGI.
 *
 * @example export default handler(async (request) => new Response(`Hello from ${new URL(request.url).pathname}`));
 */
export function handler(work: (request: Request) => Response | Promise<Response>): Handler {
  const made: Handler = { fetch: async (request) => work(request) };
  startIfMain((host) => serveCgi(made, host));
  return made;
}
