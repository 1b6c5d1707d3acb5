import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { facilitatorRequest } from '@freehold/protocol';
import { openTestDatabase } from '../../../database/src/testing/open-test-database.ts';
import { openFacilitator, type Allowance } from '../facilitator/facilitator.ts';
import { defaultLimits, type Limits } from '../limits.ts';
import { connectChain } from '../rails/exact/chain.ts';
import { openSender } from '../rails/exact/sender.ts';
import { account, recover, type World } from './world.ts';

/** A facilitator of its own, with its own key and database, on the chain of a world. */
export async function openTestFacilitator(world: World, { allowance, limits: given }: { allowance: Allowance; limits?: Partial<Limits> }) {
  const directory = mkdtempSync(join(tmpdir(), 'freehold-facilitator-'));
  const database = await openTestDatabase({ path: join(directory, 'freehold.db') });
  const gas = account();
  await world.chain.fund(gas.address, 0n);
  const limits = { ...defaultLimits, pollMs: 20, retryMs: 50, ...given };
  const events: string[] = [];
  const log = (event: string, fields: object) => void events.push(`${event} ${JSON.stringify(fields)}`);
  const stopping = new AbortController();
  const { signal } = stopping;
  const chain = connectChain({ network: world.chain.network, rpcUrls: [world.chain.rpcUrl] }, { now: Date.now, log });
  const sender = openSender({ chain, signer: gas, limits, now: Date.now, log, signal });
  const facilitator = openFacilitator({
    database,
    node: 'there',
    networkOf: () => ({ chain, sender, inSlot: (work) => work() }),
    tokens: [world.chain.token],
    signer: gas.address,
    recover,
    allowance,
    limits,
    now: Date.now,
    log,
    signal,
  });
  return {
    ...facilitator,
    gas,
    events,
    async close() {
      stopping.abort();
      await facilitator.idle();
      await database.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** What a facilitator behind HTTP does with a request, instead of answering it. */
export type Behaviour = (path: string, honest: () => Promise<object>, response: ServerResponse) => Promise<void>;
export const honestly: Behaviour = async (_path, honest, response) => void response.end(JSON.stringify(await honest()));

/** The same over HTTP, with a behaviour that a test may change. */
export async function serveFacilitator(facilitator: Awaited<ReturnType<typeof openTestFacilitator>>) {
  const served = { url: '', behave: honestly, asked: [] as string[], close: () => new Promise<void>((done) => server.close(() => done())) };
  const server = createServer((request, response) => {
    void answer(request, response).catch(() => response.destroy());
  });
  async function answer(request: IncomingMessage, response: ServerResponse) {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const path = request.url ?? '';
    served.asked.push(path);
    const body = () => facilitatorRequest.parse(JSON.parse(Buffer.concat(chunks).toString()));
    const honest = async (): Promise<object> =>
      path === '/supported' ? facilitator.supported() : path === '/verify' ? facilitator.verify(body()) : facilitator.settle(body());
    response.setHeader('content-type', 'application/json');
    await served.behave(path, honest, response);
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  served.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return served;
}
