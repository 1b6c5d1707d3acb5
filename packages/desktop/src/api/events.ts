import { serverEvent, type ServerEvent } from '@freehold/protocol';

/** `resumed` is ours: the connection is back, and what has no sequence number (offers, sales) may have been missed. */
export type LiveEvent = ServerEvent | { type: 'resumed'; gap: boolean };
export type Events = {
  start(): void;
  stop(): void;
  subscribe(listener: (event: LiveEvent) => void): () => void;
};

type Dependencies = {
  open: (path: string) => WebSocket;
  random: () => number;
  /** The connection broke: perhaps the node is away, perhaps the session is over. */
  onLost: () => void;
};

const firstWaitMs = 500;
const longestWaitMs = 15_000;

/** The node's events with reconnection: after a break it asks for the drive events since the last one it saw. */
export function createEvents({ open, random, onLost }: Dependencies): Events {
  const listeners = new Set<(event: LiveEvent) => void>();
  let socket: WebSocket | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let lastSeq: number | undefined;
  let failures = 0;
  let running = false;
  /** Whether this connection has said hello. */
  let isGreeted = false;

  const emit = (event: LiveEvent) => {
    for (const listener of listeners) listener(event);
  };

  const receive = (data: unknown) => {
    const event = parse(data);
    if (!event) return;
    if (event.type === 'hello') {
      const isFirstEver = lastSeq === undefined;
      // A second greeting, or a smaller number than ours, means that the node cannot tell all that was missed.
      const gap = isGreeted || event.seq < (lastSeq ?? 0);
      if (isFirstEver || gap) lastSeq = event.seq;
      isGreeted = true;
      failures = 0;
      if (!isFirstEver) emit({ type: 'resumed', gap });
      return;
    }
    if (event.type === 'drive') lastSeq = Math.max(lastSeq ?? 0, event.seq);
    emit(event);
  };

  const connect = () => {
    clearTimeout(timer);
    isGreeted = false;
    const current = open(`/api/events${lastSeq === undefined ? '' : `?since=${lastSeq}`}`);
    socket = current;
    current.onmessage = ({ data }) => receive(data);
    current.onclose = () => {
      if (!running || socket !== current) return;
      onLost();
      const wait = Math.min(longestWaitMs, firstWaitMs * 2 ** failures++);
      timer = setTimeout(connect, wait * (0.75 + random() / 2));
    };
  };

  return {
    start() {
      if (running) return;
      running = true;
      connect();
    },
    stop() {
      running = false;
      clearTimeout(timer);
      socket?.close();
      socket = undefined;
      lastSeq = undefined;
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** An event of a kind that this page does not know is of a newer node: not an error. */
function parse(data: unknown): ServerEvent | undefined {
  try {
    return serverEvent.parse(JSON.parse(String(data)));
  } catch {
    return undefined;
  }
}
