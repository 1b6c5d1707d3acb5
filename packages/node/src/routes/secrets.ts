import { secretSizeLimit, type Compute } from '@freehold/compute';
import { storedSecret } from '@freehold/protocol';
import { z } from 'zod';
import { readAtMost } from '../http/read-at-most.ts';
import { callerOf, route } from '../http/route.ts';

const commitment = z.string().regex(/^[0-9a-f]{64}$/, 'must be a sha256 in 64 hexadecimal digits');
const one = z.strictObject({ commitment });

/** What only a seller's programs see. It goes in, and to the programs; no route gives it out. */
export const secretRoutes = ({ secrets }: Compute) => [
  route({
    method: 'PUT',
    path: '/api/secrets/:commitment',
    policy: 'seller',
    summary: 'Upload a secret of offers: the body is {"salt", "env", "input"}, its sha256 is in the path and in the offers',
    params: one,
    body: 'stream',
    answer: storedSecret,
    status: 201,
    async handle(call) {
      await secrets.add(callerOf(call).account.address, call.params.commitment, await readAtMost(call.stream, secretSizeLimit));
      return { commitment: call.params.commitment };
    },
  }),
  route({
    method: 'GET',
    path: '/api/secrets',
    policy: 'seller',
    summary: 'Which secrets of yours this node holds; not what they are',
    answer: z.object({ secrets: z.array(z.object({ commitment: z.string(), createdAt: z.number() })) }),
    handle: async (call) => ({ secrets: await secrets.list(callerOf(call).account.address) }),
  }),
  route({
    method: 'DELETE',
    path: '/api/secrets/:commitment',
    policy: 'seller',
    summary: 'Forget a secret: offers that name it cannot be called any more',
    params: one,
    status: 204,
    handle: (call) => secrets.remove(callerOf(call).account.address, call.params.commitment),
  }),
];
