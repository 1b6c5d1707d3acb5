import { init } from '@heyputer/puter.js/src/init.cjs';

type Puter = ReturnType<typeof init>;

/** The stock puter.js of npm, against a node, with a token. It keeps a socket open: close it. */
export function openPuter(url: string, token: string): Puter & { close(): void } {
  const origins = { PUTER_API_ORIGIN: url.replace(/\/$/, ''), PUTER_ORIGIN: url.replace(/\/$/, '') };
  Object.assign(globalThis, origins);
  const puter = init(token);
  return Object.assign(puter, {
    close() {
      const { socket } = puter.fs as unknown as { socket?: { disconnect(): void } };
      socket?.disconnect();
    },
  });
}
