import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Drive } from '@freehold/drive';
import type { ServerEvent } from '@freehold/protocol';
import { WebSocketServer, type WebSocket } from 'ws';
import { arrivalOf } from './http/arrival.ts';
import { identify, type Authenticate } from './http/caller.ts';
import { freehold } from './http/dialects/freehold.ts';
import type { Caller } from './http/route.ts';

const pingEveryMs = 20_000;
/** A client that does not read is cut off before what waits for it fills the memory. It comes back with `since` and misses nothing. */
const backlogBytes = 4 * 1024 * 1024;

export type Events = ReturnType<typeof openEvents>;

/** The WebSocket `/api/events`: what changed in the caller's drive since `?since=`, new and withdrawn offers, and his sales. */
export function openEvents({
  server,
  drive,
  authenticate,
  origins,
}: {
  server: Server;
  drive: Drive;
  authenticate: Authenticate;
  origins: readonly string[];
}) {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: 4096 });
  const clients = new Map<WebSocket, { caller: Caller; request: IncomingMessage }>();
  const alive = new WeakSet<WebSocket>();

  const send = (socket: WebSocket, event: ServerEvent) => {
    if (socket.readyState !== socket.OPEN) return;
    if (socket.bufferedAmount > backlogBytes) socket.terminate();
    else socket.send(JSON.stringify(event));
  };

  /** The events are for a person in its own session, not for what acts for it. */
  async function personOf(request: IncomingMessage): Promise<Caller | undefined> {
    const credential = freehold.credential(request);
    const caller = credential && (await identify(credential, authenticate));
    return caller?.delegate ? undefined : caller;
  }

  async function accept(request: IncomingMessage, socket: Duplex, head: Buffer) {
    const { origin } = arrivalOf(request, origins);
    const url = new URL(request.url ?? '/', origin);
    if (url.pathname !== '/api/events') return refuse(socket, 404);
    if (request.headers.origin !== undefined && request.headers.origin !== origin) return refuse(socket, 403);
    const caller = await personOf(request);
    if (!caller) return refuse(socket, 401);
    const since = /^\d{1,15}$/.exec(url.searchParams.get('since') ?? '')?.[0];
    sockets.handleUpgrade(request, socket, head, (client) =>
      follow(client, { caller, request }, since === undefined ? undefined : Number(since)),
    );
  }

  function follow(client: WebSocket, guest: { caller: Caller; request: IncomingMessage }, since: number | undefined) {
    clients.set(client, guest);
    alive.add(client);
    const ended = new AbortController();
    client.on('pong', () => alive.add(client));
    client.on('error', () => client.terminate());
    client.on('close', () => {
      clients.delete(client);
      ended.abort();
    });
    void relay(client, guest.caller, since, ended.signal).catch(() => client.terminate());
  }

  async function relay(client: WebSocket, caller: Caller, since: number | undefined, signal: AbortSignal) {
    const handle = drive.of(caller.account.address);
    const from = since ?? (await handle.latest());
    send(client, { type: 'hello', seq: from });
    for await (const { changes, next, reset } of handle.events({ since: from, signal })) {
      if (reset) send(client, { type: 'hello', seq: next });
      for (const { seq, op, entry, parent, origin } of changes) {
        send(client, { type: 'drive', seq, change: op, id: entry, parent, ...(origin !== undefined && { origin }) });
      }
    }
  }

  /** A session that has ended or was revoked hears no more. */
  async function endIfSignedOut(client: WebSocket, request: IncomingMessage) {
    const caller = await personOf(request).catch(() => undefined);
    if (!caller) client.close(4401, 'The session has ended');
  }

  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    // Socket.io listens on the same server.
    if (request.url?.startsWith('/socket.io/')) return;
    accept(request, socket, head).catch(() => refuse(socket, 400));
  };
  server.on('upgrade', upgrade);

  const heartbeat = setInterval(() => {
    for (const [client, { request }] of clients) {
      if (!alive.delete(client)) client.terminate();
      else client.ping();
      void endIfSignedOut(client, request);
    }
  }, pingEveryMs).unref();

  return {
    /** To every socket, or to those of one wallet. */
    publish(event: ServerEvent, to?: string) {
      for (const [client, { caller }] of clients) {
        if (to === undefined || caller.account.address === to || caller.account.role === 'owner') send(client, event);
      }
    },
    stop() {
      clearInterval(heartbeat);
      server.off('upgrade', upgrade);
      for (const client of clients.keys()) client.close(1012, 'The node is stopping');
      setTimeout(() => {
        for (const client of sockets.clients) client.terminate();
      }, 500).unref();
    },
  };
}

function refuse(socket: Duplex, status: number) {
  socket.end(`HTTP/1.1 ${status} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
