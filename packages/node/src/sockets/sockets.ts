import type { IncomingMessage, Server as HttpServer } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import type { Drive } from '@freehold/drive';
import type { Account } from '@freehold/protocol';
import { Server, type Socket } from 'socket.io';
import { actorOf } from '../http/actor.ts';
import { arrivalOf } from '../http/arrival.ts';
import type { Authenticate } from '../http/caller.ts';
import type { Principal } from '../http/route.ts';
import type { Log } from '../log.ts';
import type { Causes } from './causes.ts';
import { asHeardBy, eventsOf, type Told } from './telling.ts';

/** How soon a token that has ended, or lost a permission, is noticed. */
const recheckMs = 3000;
/** A request notes its cause just after its commit; what was committed meanwhile is told in the same breath. */
const settleMs = 15;
const socketsPerAccount = 200;
/** What may wait for a client that does not read, in bytes. It is cut off then; when it comes back it asks anew. */
const largestBacklog = 4 * 1024 * 1024;
const largestMessage = 16 * 1024;

type Client = {
  socket: Socket;
  token: string;
  principal: Principal;
  /** Bytes, nearly, that the connection has not taken yet. */
  waiting: number;
};
type Room = { clients: Set<Client>; ended: AbortController };

export type Sockets = ReturnType<typeof openSockets>;

/**
 * Socket.io at `/socket.io/`, as Puter's clients have it: one room for each account, fed by the change feed of its drive, so that
 * what another node did is heard too. The token comes in `auth.auth_token`, never as a cookie, so pages of any origin may connect.
 */
export function openSockets({
  server,
  drive,
  authenticate,
  origins,
  causes,
  log,
}: {
  server: HttpServer;
  drive: Drive;
  authenticate: Authenticate;
  origins: readonly string[];
  causes: Causes;
  log: Log;
}) {
  const io = new Server({
    path: '/socket.io/',
    serveClient: false,
    destroyUpgrade: false,
    cors: { origin: true, credentials: true },
    maxHttpBufferSize: largestMessage,
    connectTimeout: 10_000,
    perMessageDeflate: false,
    httpCompression: false,
    allowRequest: (request, answer) => answer(null, isAddressedToUs(request, origins)),
  });
  io.attach(server);
  io.engine.on('headers', (headers: Record<string, string>) => {
    headers['x-content-type-options'] = 'nosniff';
    headers['access-control-allow-private-network'] = 'true';
  });
  const rooms = new Map<string, Room>();

  /** Who a token stands for here: a person, or an app. Access tokens are for one thing and hear nothing. */
  async function listenerOf(token: string): Promise<Principal | undefined> {
    const principal = await authenticate.token(token);
    return principal?.delegate && principal.delegate.kind !== 'app' ? undefined : principal;
  }

  async function admit(socket: Socket): Promise<void> {
    const token: unknown = socket.handshake.auth['auth_token'];
    const principal = typeof token === 'string' ? await listenerOf(token) : undefined;
    if (typeof token !== 'string' || !principal) throw refusal('token_auth_failed', 'This token has ended or is none. Sign in again.');
    const account = principal.account.address;
    const known = rooms.get(account);
    if ((known?.clients.size ?? 0) >= socketsPerAccount)
      throw refusal('too_many_requests', 'This account has too many open connections. Close some.');
    const client: Client = { socket, token, principal, waiting: 0 };
    socket.conn.on('drain', () => {
      client.waiting = 0;
    });
    let room = known ?? (await openRoom(principal.account));
    // Its last client may have left meanwhile.
    while (room.ended.signal.aborted) room = await openRoom(principal.account);
    enter(account, room, client);
  }

  function enter(account: string, room: Room, client: Client): void {
    const { socket } = client;
    room.clients.add(client);
    socket.on('disconnect', () => leave(account, room, client));
    // It may have gone while it was being let in.
    if (socket.conn.readyState !== 'open') leave(account, room, client);
  }

  /** Begins to follow the drive before the first client is told that it is connected, so that it misses nothing from then on. */
  async function openRoom(person: Account): Promise<Room> {
    const account = person.address;
    const since = await drive.of(account).latest();
    const known = rooms.get(account);
    if (known) return known;
    const room: Room = { clients: new Set(), ended: new AbortController() };
    rooms.set(account, room);
    follow(person, room, since).catch((error: unknown) => {
      log('sockets.relay_failed', { message: String(error) });
      for (const { socket } of room.clients) socket.disconnect(true);
      close(account, room);
    });
    return room;
  }

  function leave(account: string, room: Room, client: Client): void {
    room.clients.delete(client);
    if (room.clients.size === 0) close(account, room);
  }

  function close(account: string, room: Room): void {
    room.ended.abort();
    if (rooms.get(account) === room) rooms.delete(account);
  }

  async function follow(person: Account, room: Room, since: number): Promise<void> {
    const account = person.address;
    const { signal } = room.ended;
    for await (const { changes, reset } of drive.of(account).events({ since, signal })) {
      await wait(settleMs);
      const last = changes.at(-1);
      const heard = new Set<Client>();
      for (const change of changes) {
        for (const told of await eventsOf(change, person, { drive, causes })) await tell(room, told, heard);
      }
      if (changes.some(({ op }) => op === 'trashed' || op === 'restored' || op === 'deleted')) await tellTrash(account, room);
      if (last || reset) {
        const { original_client_socket_id } = last ? causes.of(last) : {};
        const payload = { timestamp: last?.at ?? Date.now(), ...(original_client_socket_id && { original_client_socket_id }) };
        // An app is not told that something happened where it sees nothing.
        for (const client of room.clients)
          if (reset || heard.has(client) || !client.principal.delegate) emit(client, 'cache.updated', payload);
      }
    }
  }

  async function tell(room: Room, told: Told, hearing: Set<Client>): Promise<void> {
    const size = sizeOf(told.payload);
    for (const client of room.clients) {
      const heard = await asHeardBy(client.principal, told, drive);
      if (!heard) continue;
      hearing.add(client);
      emit(client, heard.name, heard.payload, size);
    }
  }

  /** The trash is its person's, not an app's. */
  async function tellTrash(account: string, room: Room): Promise<void> {
    const { entries } = await drive.of(account).listTrash({ limit: 1 });
    for (const client of room.clients) if (!client.principal.delegate) emit(client, 'trash.is_empty', { is_empty: entries.length === 0 });
  }

  function emit(client: Client, name: string, payload: unknown, size = sizeOf(payload)): void {
    if (!client.socket.connected) return;
    client.waiting += size;
    // Not a polite goodbye, which would wait behind all that is not read.
    if (client.waiting > largestBacklog) client.socket.conn.close(true);
    else client.socket.emit(name, payload);
  }

  async function answer(socket: Socket, next: (refused?: Error) => void): Promise<void> {
    let refused: Error | undefined;
    try {
      await admit(socket);
    } catch (error) {
      refused = error instanceof Error ? error : new Error(String(error));
    }
    next(refused);
  }
  io.use((socket, next) => void answer(socket, next));

  /** A token that was revoked is cut off; one that lost a permission hears less from now on. */
  async function recheck(): Promise<void> {
    const seen = new Map<string, Promise<Principal | undefined>>();
    for (const [account, room] of rooms) {
      for (const client of room.clients) {
        // It went in the moment in which it was let in.
        if (client.socket.conn.readyState === 'closed') leave(account, room, client);
        const known = seen.get(client.token) ?? listenerOf(client.token);
        seen.set(client.token, known);
        const principal = await known;
        if (principal) client.principal = principal;
        else client.socket.disconnect(true);
      }
    }
  }
  const timer = setInterval(() => {
    recheck().catch((error: unknown) => log('sockets.recheck_failed', { message: String(error) }));
  }, recheckMs).unref();

  return {
    /**
     * To the sockets of an account, for what is no change of its drive: an upload that began, or how far it is. With `about` apps
     * that see that entry hear it too; without, the person only.
     */
    async publish({ account, name, payload, about }: { account: string; name: string; payload: Record<string, unknown>; about?: string }) {
      const room = rooms.get(account);
      if (!room) return;
      for (const client of room.clients) {
        const isPerson = !client.principal.delegate;
        const hears = isPerson || (about !== undefined && (await drive.as(actorOf(client.principal)).sees(about)));
        if (hears) emit(client, name, payload);
      }
    },

    async stop(): Promise<void> {
      clearInterval(timer);
      for (const [account, room] of rooms) close(account, room);
      io.disconnectSockets(true);
      io.engine.close();
    },
  };
}

const sizeOf = (payload: unknown): number => JSON.stringify(payload).length;

function isAddressedToUs(request: IncomingMessage, origins: readonly string[]): boolean {
  try {
    arrivalOf(request, origins);
    return true;
  } catch {
    return false;
  }
}

const refusal = (code: string, message: string) => Object.assign(new Error(message), { data: { code, message } });
