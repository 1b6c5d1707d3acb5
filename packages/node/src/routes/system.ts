import { nodeInfo, type NodeInfo } from '@freehold/protocol';
import { z } from 'zod';
import { openapi } from '../http/openapi.ts';
import { route, type Arrival, type Route } from '../http/route.ts';
import type { Metrics } from '../metrics.ts';
import { version } from '../version.ts';

export type Check = {
  ok: boolean;
  message?: string;
  /** For the owner alone. */
  details?: unknown;
};

/** What the node says of itself: to visitors, to monitors and to machines that read its API. */
export const systemRoutes = ({
  info,
  checks,
  metrics,
  routes,
  startedAt,
  now,
}: {
  info: (arrival: Arrival) => NodeInfo;
  checks: () => Promise<Record<string, Check & { essential: boolean }>>;
  metrics: () => Metrics;
  routes: () => readonly Route[];
  startedAt: number;
  now: () => number;
}) => [
  route({
    method: 'GET',
    path: '/api/node',
    policy: 'anyone',
    summary: 'What anyone may know of this node',
    answer: nodeInfo,
    handle: async ({ arrival }) => info(arrival),
  }),
  route({
    method: 'GET',
    path: '/api/health',
    policy: 'anyone',
    summary: 'Whether the parts of the node work, with details for its owner; 503 when an essential one does not',
    answer: z.object({
      status: z.enum(['ok', 'degraded', 'failing']),
      version: z.string(),
      uptimeMs: z.number(),
      checks: z.record(z.string(), z.object({ ok: z.boolean(), message: z.string().optional(), details: z.unknown().optional() })),
    }),
    async handle({ reply, caller }) {
      const isOwner = caller?.account.role === 'owner';
      const results = Object.entries(await checks());
      const failing = results.some(([, { ok, essential }]) => !ok && essential);
      const degraded = results.some(([, { ok }]) => !ok);
      if (failing) reply.code(503);
      return {
        status: failing ? 'failing' : degraded ? 'degraded' : 'ok',
        version,
        uptimeMs: now() - startedAt,
        checks: Object.fromEntries(
          results.map(([name, { essential: _, details, ...check }]) => [
            name,
            { ...check, ...(isOwner && details !== undefined && { details }) },
          ]),
        ),
      };
    },
  }),
  route({
    method: 'GET',
    path: '/metrics',
    policy: 'owner-or-loopback',
    summary: 'Prometheus metrics',
    handle: async ({ reply }) => reply.type(metrics().contentType).send(await metrics().text()),
  }),
  route({
    method: 'GET',
    path: '/api/openapi.json',
    policy: 'anyone',
    summary: 'This API as OpenAPI 3.1',
    handle: async () => openapi(routes()),
  }),
];
