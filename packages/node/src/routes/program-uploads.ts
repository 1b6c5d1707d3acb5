import type { Compute } from '@freehold/compute';
import { programInfo, programPart, programUpload } from '@freehold/protocol';
import { z } from 'zod';
import { incoming } from '../http/incoming.ts';
import { callerOf, route, type Caller } from '../http/route.ts';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be a sha256 in 64 hexadecimal digits');
const one = z.strictObject({ sha256 });
const ownerOf = (call: { caller: Caller | undefined }) => callerOf(call).account.address;

/** Large programs arrive in parts, as large files do in the drive: an upload goes on where it was after a lost connection or a restart. */
export const programUploadRoutes = ({ programs: { uploads } }: Compute) => [
  route({
    method: 'POST',
    path: '/api/programs/uploads',
    policy: 'seller',
    summary: 'Begin to upload a program in parts, or find the upload that was begun; nothing needs to be sent when "program" is not null',
    body: z.strictObject({ sha256, size: z.int().min(1) }),
    answer: programUpload,
    status: 201,
    handle: (call) => uploads.begin({ owner: ownerOf(call), ...call.body }),
  }),
  route({
    method: 'GET',
    path: '/api/programs/uploads/:sha256',
    policy: 'seller',
    summary: 'Which parts of a program have arrived',
    params: one,
    answer: programUpload,
    handle: (call) => uploads.find(ownerOf(call), call.params.sha256),
  }),
  route({
    method: 'PUT',
    path: '/api/programs/uploads/:sha256/parts/:number',
    policy: 'seller',
    summary: 'Send one part, numbered from 1: the request body is its bytes. A part may be sent again',
    params: one.extend({ number: z.coerce.number().int().positive() }),
    body: 'stream',
    answer: programPart,
    handle: (call) => uploads.writePart({ owner: ownerOf(call), ...call.params, content: incoming(call).content }),
  }),
  route({
    method: 'POST',
    path: '/api/programs/uploads/:sha256/complete',
    policy: 'seller',
    summary: 'Make a program of the parts, when all have arrived and are the bytes that were meant',
    params: one,
    answer: programInfo,
    status: 201,
    handle: (call) => uploads.complete(ownerOf(call), call.params.sha256),
  }),
  route({
    method: 'DELETE',
    path: '/api/programs/uploads/:sha256',
    policy: 'seller',
    summary: 'Give an upload up, with all that has arrived',
    params: one,
    status: 204,
    handle: (call) => uploads.abort(ownerOf(call), call.params.sha256),
  }),
];
