import { rights, type Drive, type Link, type Share } from '@freehold/drive';
import type { Identity } from '@freehold/identity';
import { address, link, linkList, share, shareList } from '@freehold/protocol';
import { z } from 'zod';
import { RequestError } from '../error.ts';
import { route, type Arrival } from '../http/route.ts';
import { reachOf } from './reach.ts';

const one = z.strictObject({ id: z.string().min(1).max(128) });
const page = z.strictObject({ after: z.string().max(2048).optional(), limit: z.coerce.number().int().min(1).max(1000).default(200) });
const right = z.enum(rights);

export const linkUrl = (arrival: Arrival, token: string) => `${arrival.origin}/s/${token}`;

/** Sharing with accounts of this node, and public links. */
export const driveSharingRoutes = ({ drive, identity }: { drive: Drive; identity: Pick<Identity, 'hasAccount'> }) => {
  const { of } = reachOf(drive);
  const toLink = (arrival: Arrival, { token, ...rest }: Link) => ({ ...rest, url: linkUrl(arrival, token) });
  const toList = ({ shares, next }: { shares: Share[]; next?: string }) => ({ shares, next: next ?? null });

  return [
    route({
      method: 'GET',
      path: '/api/drive/entries/:id/shares',
      policy: 'session',
      summary: 'Who was given what of an entry',
      params: one,
      answer: shareList,
      handle: async (call) => toList({ shares: await of(call).sharesOf({ id: call.params.id }) }),
    }),
    route({
      method: 'PUT',
      path: '/api/drive/entries/:id/shares/:holder',
      policy: 'session',
      summary: 'Give an account a right on an entry and all below it, or change the one it has',
      params: one.extend({ holder: address }),
      body: z.strictObject({ right }),
      answer: share,
      async handle(call) {
        const { id, holder } = call.params;
        if (!(await identity.hasAccount(holder)))
          throw new RequestError(
            'account_unknown',
            404,
            `${holder} has no account on this node. Its owner can let the wallet in, or share by a link.`,
          );
        return of(call).share({ id }, { holder, right: call.body.right });
      },
    }),
    route({
      method: 'DELETE',
      path: '/api/drive/entries/:id/shares/:holder',
      policy: 'session',
      summary: 'Take a right back, or give up one that was given to the caller',
      params: one.extend({ holder: address }),
      status: 204,
      async handle(call) {
        await of(call).unshare({ id: call.params.id }, call.params.holder);
      },
    }),
    route({
      method: 'GET',
      path: '/api/drive/shared-with-me',
      policy: 'session',
      summary: 'What others gave the caller',
      query: page,
      answer: shareList,
      handle: async (call) => toList(await of(call).sharedWithMe(call.query)),
    }),
    route({
      method: 'GET',
      path: '/api/drive/shared-by-me',
      policy: 'session',
      summary: 'What the caller gave to others',
      query: page,
      answer: shareList,
      handle: async (call) => toList(await of(call).sharedByMe(call.query)),
    }),
    route({
      method: 'GET',
      path: '/api/drive/entries/:id/links',
      policy: 'session',
      summary: 'The public links of an entry',
      params: one,
      answer: linkList,
      handle: async (call) => ({
        links: (await of(call).linksOf({ id: call.params.id })).map((link) => toLink(call.arrival, link)),
        next: null,
      }),
    }),
    route({
      method: 'POST',
      path: '/api/drive/entries/:id/links',
      policy: 'session',
      summary: 'Make a public link: whoever has its address reads the entry and all below it',
      params: one,
      body: z.strictObject({
        label: z.string().trim().max(200).optional(),
        password: z.string().max(1000).optional(),
        expiresAt: z.int().positive().nullable().optional(),
      }),
      answer: link,
      status: 201,
      handle: async (call) => toLink(call.arrival, await of(call).createLink({ id: call.params.id }, call.body)),
    }),
    route({
      method: 'GET',
      path: '/api/drive/links',
      policy: 'session',
      summary: "All public links of the caller's drive",
      query: page,
      answer: linkList,
      async handle(call) {
        const { links, next } = await of(call).links(call.query);
        return { links: links.map((link) => toLink(call.arrival, link)), next: next ?? null };
      },
    }),
    route({
      method: 'DELETE',
      path: '/api/drive/links/:id',
      policy: 'session',
      summary: 'End a public link',
      params: one,
      status: 204,
      async handle(call) {
        await of(call).revokeLink(call.params.id);
      },
    }),
  ];
};
