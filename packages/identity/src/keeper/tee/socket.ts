import { chmodSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';

/**
 * The one file of the keeper that may load `node:net`, and all that it does with it: Unix sockets, by path. There is no way to an
 * address or a port here.
 */

/** Connects to a Unix socket; what comes is put into `slab`, which is wiped after every piece. Errors: those of the system. */
export function connectTo(path: string, { slab, onData, onClose }: { slab: Buffer; onData: (bytes: Buffer) => void; onClose: () => void }) {
  const opened = Promise.withResolvers<Socket>();
  const socket = connect({
    path,
    onread: {
      buffer: slab,
      callback(count) {
        const piece = slab.subarray(0, count);
        onData(piece);
        piece.fill(0);
        return true;
      },
    },
  });
  socket.once('connect', () => opened.resolve(socket));
  socket.once('error', opened.reject);
  socket.on('error', () => socket.destroy());
  socket.once('close', onClose);
  return opened.promise;
}

/** Serves a Unix socket that only the same user can open. */
export function serveAt(path: string, serve: (socket: Socket) => void): void {
  createServer(serve).listen(path, () => chmodSync(path, 0o600));
}
