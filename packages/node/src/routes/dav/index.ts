import type { Drive } from '@freehold/drive';
import { z } from 'zod';
import { callerOf, route, type Method, type Route } from '../../http/route.ts';
import { copy, move } from './copy-move.ts';
import { remove } from './delete.ts';
import { DavError } from './error.ts';
import { get } from './get.ts';
import { lock, unlock } from './lock.ts';
import { mkcol } from './mkcol.ts';
import { propfind } from './propfind.ts';
import { proppatch } from './proppatch.ts';
import { put } from './put.ts';
import { openVisit, type Visit } from './visit.ts';

type DavMethod = { method: Method; summary: string; access: 'read' | 'write'; handle: (visit: Visit) => Promise<unknown> };

const methods: readonly DavMethod[] = [
  { method: 'PROPFIND', access: 'read', handle: propfind, summary: 'Properties of an entry and of what is below it' },
  { method: 'GET', access: 'read', handle: get, summary: 'The bytes of a file; Range and conditions are honoured' },
  { method: 'PUT', access: 'write', handle: put, summary: 'Store a file' },
  { method: 'DELETE', access: 'write', handle: remove, summary: 'Move an entry to the trash' },
  { method: 'MKCOL', access: 'write', handle: mkcol, summary: 'Make a folder' },
  { method: 'COPY', access: 'write', handle: copy, summary: 'Copy an entry' },
  { method: 'MOVE', access: 'write', handle: move, summary: 'Rename or move an entry' },
  { method: 'PROPPATCH', access: 'write', handle: proppatch, summary: 'Set and remove properties' },
  { method: 'LOCK', access: 'write', handle: lock, summary: 'Take or refresh a write lock' },
  { method: 'UNLOCK', access: 'write', handle: unlock, summary: 'Release a write lock' },
];
const allowed = ['OPTIONS', 'HEAD', ...methods.map(({ method }) => method)].join(', ');

/** WebDAV, class 1, 2 and 3 (RFC 4918): the caller's own drive under /dav, for programs that mount it. */
export function davRoutes(drive: Drive): Route[] {
  const common = { dialect: 'dav', body: 'stream', query: z.looseObject({}), params: z.looseObject({}) } as const;
  // Clients ask this before they know that they must sign in; it tells nothing about anybody.
  const options = (path: string) =>
    route({
      ...common,
      path,
      method: 'OPTIONS',
      policy: 'anyone',
      summary: 'What WebDAV can do here',
      handle: async ({ reply }) => reply.code(200).headers({ dav: '1, 2, 3', allow: allowed, 'content-length': 0 }).send(),
    });
  const at = (path: string): Route[] => [
    options(path),
    ...methods.map(({ method, summary, access, handle }) =>
      route({
        ...common,
        path,
        method,
        policy: 'files',
        summary,
        async handle(call) {
          const { account, delegate } = callerOf(call);
          if (access === 'write' && delegate?.kind === 'password' && delegate.access === 'read')
            throw new DavError('dav_forbidden', 'This app password may only read. Make one that may write.');
          const { request, reply, stream, arrival, signal } = call;
          const { headers, url = '/' } = request.raw;
          const files = drive.of(account.address);
          return handle(await openVisit({ files, principal: account.address, url, headers, stream, arrival, request, reply, signal }));
        },
      }),
    ),
    ...(['POST', 'PATCH'] as const).map((method) =>
      route({
        ...common,
        path,
        method,
        policy: 'files',
        summary: 'Refused: WebDAV has other methods',
        async handle({ reply }) {
          reply.header('allow', allowed);
          throw new DavError('dav_method', `This address takes ${allowed}.`);
        },
      }),
    ),
  ];
  // Windows and Office ask the root of the server, wherever the folder that they were given lies.
  return [options('/'), ...at('/dav'), ...at('/dav/*')];
}
