import { DriveError, linkNotFound, type Drive, type LinkView } from '@freehold/drive';
import type { Identity } from '@freehold/identity';
import { linkContent, toAddress } from '@freehold/protocol';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { RequestError } from '../../error.ts';
import { route, type Call } from '../../http/route.ts';
import { sendContent } from '../../http/send-content.ts';
import { filePage, folderPage, pagePolicy, passwordPage, problemPage } from './page.ts';

const token = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/);
const below = z.strictObject({ token, '*': z.string().max(32_768).default('') });
const more = z.strictObject({ after: z.string().max(2048).optional() });
const formLimit = 4096;

/** One cookie a link, named by its path, so that links do not know of each other. */
const cookieName = 'freehold_link';
const passOf = (request: FastifyRequest) => new RegExp(`(?:^|;\\s*)${cookieName}=([^;\\s]+)`).exec(request.headers.cookie ?? '')?.[1];

/** What visitors see of public links: a page without scripts, the bytes, and the same as JSON for programs. */
export function linkRoutes({ drive, identity }: { drive: Drive; identity: Pick<Identity, 'hasAccount'> }) {
  /** A link lives only while its account does: who was removed, or whose time is over, shows nothing any more. */
  async function open(token: string, proof: { password?: string | undefined; pass?: string | undefined }): Promise<LinkView> {
    const view = await drive.openLink(token, proof);
    if (!(await identity.hasAccount(toAddress(view.owner)))) throw linkNotFound();
    return view;
  }

  const html = (reply: FastifyReply, content: string, status = 200) =>
    reply
      .code(status)
      .headers({
        'content-type': 'text/html; charset=utf-8',
        'content-security-policy': pagePolicy,
        'x-robots-tag': 'noindex',
        'cache-control': 'private, no-store',
        'cross-origin-resource-policy': 'same-origin',
      })
      .send(content);

  /** Opens the link and answers with `show`; what stands in the way is a page, too. */
  async function visit(
    { request, reply }: Pick<Call<unknown, unknown, unknown>, 'request' | 'reply'>,
    { token, password }: { token: string; password?: string },
    show: (view: LinkView) => Promise<unknown>,
  ): Promise<unknown> {
    try {
      return await show(await open(token, { password, pass: passOf(request) }));
    } catch (error) {
      if (!(error instanceof DriveError)) throw error;
      if (error.code === 'password_required') return html(reply, passwordPage({ action: `/s/${token}`, problem: undefined }), 401);
      if (error.code === 'password_wrong' || error.code === 'too_many_attempts')
        return html(reply, passwordPage({ action: `/s/${token}`, problem: error.message }), error.status);
      if (error.code === 'range_not_satisfiable') throw error;
      return html(reply, problemPage(error.message), error.status);
    }
  }

  async function showPage(
    reply: FastifyReply,
    { token, path, after }: { token: string; path: string; after?: string | undefined },
    view: LinkView,
  ) {
    const top = await view.find('');
    const entry = await view.find(path);
    const place = { base: `/s/${token}`, label: view.label, name: top.name || 'Files', path: entry.path ?? '/', expiresAt: view.expiresAt };
    if (entry.kind === 'file') return html(reply, filePage(place, entry));
    const { entries, next } = await view.list(path, { ...(after !== undefined && { after }) });
    return html(reply, folderPage(place, { entry, entries, next }));
  }

  return [
    route({
      method: 'GET',
      path: '/s/:token',
      dialect: 'gateway',
      policy: 'signed',
      summary: 'What a public link shows, as a page',
      params: z.strictObject({ token }),
      query: more,
      handle: async (call) =>
        visit(call, call.params, (view) => showPage(call.reply, { token: call.params.token, path: '', after: call.query.after }, view)),
    }),
    route({
      method: 'GET',
      path: '/s/:token/browse/*',
      dialect: 'gateway',
      policy: 'signed',
      summary: 'The same, of what lies below',
      params: below,
      query: more,
      handle: async (call) =>
        visit(call, call.params, (view) =>
          showPage(call.reply, { token: call.params.token, path: call.params['*'], after: call.query.after }, view),
        ),
    }),
    route({
      method: 'POST',
      path: '/s/:token',
      dialect: 'gateway',
      policy: 'signed',
      summary: 'Give the password of a public link, as a form does',
      params: z.strictObject({ token }),
      body: 'stream',
      async handle(call) {
        const { token } = call.params;
        const password = new URLSearchParams(await smallText(call.stream)).get('password') ?? '';
        return visit(call, { token, password }, async ({ pass }) => {
          const secure = call.arrival.origin.startsWith('https:') ? '; Secure' : '';
          if (pass !== undefined)
            call.reply.header('set-cookie', `${cookieName}=${pass}; Path=/s/${token}; HttpOnly; SameSite=Lax${secure}`);
          return call.reply.code(303).header('location', `/s/${token}`).send();
        });
      },
    }),
    ...['/s/:token/content', '/s/:token/content/*'].map((path) =>
      route({
        method: 'GET',
        path,
        dialect: 'gateway',
        policy: 'signed',
        summary: 'The bytes of a file that a public link shows; Range, If-None-Match and HEAD are honoured',
        params: below,
        query: z.strictObject({ download: z.enum(['0', '1']).default('0') }),
        handle: async (call) =>
          visit(call, call.params, async (view) => {
            const inside = call.params['*'];
            const file = await view.find(inside);
            if (file.kind === 'folder') return call.reply.code(303).header('location', `/s/${call.params.token}`).send();
            return sendContent(call, {
              file,
              download: call.query.download === '1',
              open: async (range) => (await view.read(inside, { range })).stream,
            });
          }),
      }),
    ),
    route({
      method: 'GET',
      path: '/api/links/:token',
      dialect: 'gateway',
      policy: 'signed',
      summary: 'What a public link shows, as JSON; its password in the header X-Link-Password',
      params: z.strictObject({ token }),
      query: more.extend({ path: z.string().max(32_768).default('') }),
      answer: linkContent,
      async handle(call) {
        const password = call.request.headers['x-link-password'];
        const view = await open(call.params.token, { ...(typeof password === 'string' && { password }) });
        const { path, after } = call.query;
        const toItem = ({ name, kind, size, cid, mediaType, modifiedAt }: Awaited<ReturnType<LinkView['find']>>) => ({
          name,
          kind,
          size,
          modifiedAt,
          ...(cid !== undefined && { cid }),
          ...(mediaType !== undefined && { mediaType }),
        });
        const entry = await view.find(path);
        const listed = entry.kind === 'folder' ? await view.list(path, { ...(after !== undefined && { after }) }) : undefined;
        return {
          label: view.label,
          expiresAt: view.expiresAt,
          entry: toItem(entry),
          entries: listed?.entries.map(toItem) ?? null,
          next: listed?.next ?? null,
        };
      },
    }),
  ];
}

/** A short form. Errors: `body_too_large`. */
async function smallText(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.length;
    if (size > formLimit) throw new RequestError('body_too_large', 413, 'A password is not that long.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
