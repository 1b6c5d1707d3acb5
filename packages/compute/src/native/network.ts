import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { once } from 'node:events';
import { connect, createServer, isIP, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { isPublicAddress } from '../outbound/public-address.ts';
import { publicLookup } from '../outbound/public-lookup.ts';
import type { Log } from './log.ts';

/** Below the programs directory, which guests see as `/programs` and cannot list. */
const folder = '.network';
/** Connections of one run that are open at once. */
const mostConnections = 64;

/** What one run may connect to: a socket for each target, named after it. */
export type Grant = {
  /** Where the guest finds them: `<directory>/<host>:<port>`. */
  directory: string;
  /** Ends every connection and removes the sockets. */
  close(): Promise<void>;
};

export type Network = {
  /** Errors: those of the file system. */
  grant(targets: readonly string[]): Promise<Grant>;
  stop(): Promise<void>;
};

/**
 * The network of native programs. They have none of their own; a run whose offer names hosts finds a Unix socket for each of them,
 * and what it writes into that goes to this host and port and to no other: there is no protocol in which it could ask for more.
 * The node resolves the name, and connects to addresses of private networks only where its owner has allowed that target
 * (`ownTargets`), judged by the address that was really connected to. Sockets of a run lie in a folder with an unguessable name.
 */
export async function openNetwork({
  programsDirectory,
  ownTargets,
  log,
}: {
  programsDirectory: string;
  ownTargets: readonly string[];
  log: Log;
}): Promise<Network> {
  const root = join(programsDirectory, folder);
  await mkdir(root, { recursive: true });
  await chmod(root, 0o711);
  await removeAbandoned(root);
  // Addresses of Unix sockets have at most 107 bytes, and a data directory may lie deep: by its descriptor the way is short.
  const directory = await open(root);
  const short = `/proc/self/fd/${directory.fd}`;
  const grants = new Set<Grant>();

  return {
    async grant(targets) {
      const name = `${process.pid}-${randomBytes(12).toString('base64url')}`;
      const place = join(root, name);
      const servers: Server[] = [];
      const connections = new Set<Socket>();
      const grant: Grant = {
        directory: `/programs/${folder}/${name}`,
        async close() {
          grants.delete(grant);
          for (const socket of connections) socket.destroy();
          await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
          await rm(place, { recursive: true, force: true });
        },
      };
      grants.add(grant);
      try {
        await mkdir(place);
        await chmod(place, 0o711);
        for (const target of new Set(targets)) {
          const server = createServer({ allowHalfOpen: true }, (guest) => {
            if (connections.size >= 2 * mostConnections) guest.destroy();
            else for (const socket of relay(guest, target)) track(socket, connections);
          });
          servers.push(server);
          server.listen(`${short}/${name}/new`);
          await once(server, 'listening');
          await chmod(join(place, 'new'), 0o666); // guests are another user when the node is root
          await rename(join(place, 'new'), join(place, target));
        }
        return grant;
      } catch (error) {
        await grant.close();
        throw error;
      }
    },
    async stop() {
      await Promise.all([...grants].map((grant) => grant.close()));
      await directory.close();
    },
  };

  /** Connects a guest's end with its target; both ends with either. */
  function relay(guest: Socket, target: string): [Socket, Socket] {
    const at = target.lastIndexOf(':');
    const host = target.slice(0, at).replace(/^\[|\]$/g, '');
    const isOwn = ownTargets.includes(target);
    const refusal = () => new Error('it leads to an address of a private network, which this node does not connect to for programs');
    const allowed = isOwn || isIP(host) === 0 || isPublicAddress(host);
    const remote = connect({
      host: allowed ? host : '',
      port: Number(target.slice(at + 1)),
      allowHalfOpen: true,
      lookup: allowed && isOwn ? undefined : allowed ? publicLookup(refusal) : (_host, _options, done) => done(refusal(), '', 0),
    });
    remote.once('connect', () => {
      // Whatever the way here was: this is where it has led.
      if (!isOwn && !isPublicAddress(remote.remoteAddress ?? '')) remote.destroy(refusal());
    });
    remote.on('error', (error) => log('compute.native.not_connected', { target, message: error.message }));
    guest.on('error', () => undefined); // it ended; so does the other end
    // One that ended in order has sent everything on; anything else ends the other, too.
    guest.once('close', () => guest.readableEnded || remote.destroy());
    remote.once('close', () => remote.readableEnded || guest.destroy());
    guest.pipe(remote);
    remote.pipe(guest);
    return [guest, remote];
  }
}

function track(socket: Socket, connections: Set<Socket>): void {
  connections.add(socket);
  socket.once('close', () => connections.delete(socket));
}

/** Sockets of processes that ended without a word. */
async function removeAbandoned(root: string): Promise<void> {
  for (const name of await readdir(root))
    if (!existsSync(`/proc/${Number.parseInt(name)}`)) await rm(join(root, name), { recursive: true, force: true });
}

/** Why a target cannot be given to a native program, as a sentence; null when it can. */
export function targetRefusal(target: string): string | null {
  if (target.length <= longestTarget) return null;
  return `A native program can reach hosts whose name and port have at most ${longestTarget} characters together; ${target} has ${target.length}.`;
}
/** 107 bytes of an address, less the folder: /programs/.network/<pid>-<16 characters>/ with a process id of 7 digits. */
const longestTarget = 107 - '/programs/.network/'.length - 7 - 1 - 16 - 1;
