import { setTimeout as wait } from 'node:timers/promises';
import { Client, type ClientConfig } from 'pg';
import { localAnnouncements } from './announcements.ts';

const channel = 'freehold';
/** The connection that listens proves this often that it still does, in milliseconds. Longest delay of what a broken one has missed. */
const proofEvery = 20_000;
const proofTimeout = 10_000;
const retryMost = 5_000;

/**
 * Announcements between nodes by LISTEN/NOTIFY. They are sent after the commit they speak of, on a connection of their own:
 * a NOTIFY inside the transaction would make all commits of the database wait for each other. So one can be lost, when the node
 * dies or a connection breaks in between; therefore all listeners are woken for everything whenever the connection that listens is
 * made anew, and at every proof that it still stands.
 */
export function openAnnouncements({
  options,
  send,
  node,
  warn,
}: {
  options: ClientConfig;
  send: (text: string, values: string[]) => Promise<unknown>;
  /** Tells this node's own announcements, which it has heard already, from those of others. */
  node: string;
  warn: (message: string) => void;
}) {
  const local = localAnnouncements();
  const stopping = new AbortController();
  const waiting = new Set<string>();
  let sending: Promise<void> | undefined;

  /** What was announced while the last ones were on their way is sent together, each topic once. */
  async function drain() {
    while (waiting.size > 0 && !stopping.signal.aborted) {
      const topics = [...waiting];
      waiting.clear();
      try {
        await send(`SELECT pg_notify('${channel}', topic) FROM unnest($1::text[]) AS topic`, [
          asArray(topics.map((topic) => `${node} ${topic}`)),
        ]);
      } catch (error) {
        warn(error instanceof Error ? error.message : String(error));
        for (const topic of topics) waiting.add(topic);
        await wait(500, undefined, { signal: stopping.signal }).catch(() => {});
      }
    }
    sending = undefined;
  }

  /** Listens until the connection breaks or the node stops. */
  async function listen(): Promise<void> {
    const client = new Client(options);
    const broken = Promise.withResolvers<void>();
    client.on('error', () => broken.resolve());
    client.on('end', () => broken.resolve());
    client.on('notification', ({ payload = '' }) => {
      const [from = '', ...topic] = payload.split(' ');
      if (from !== node) local.announce(topic.join(' '));
    });
    stopping.signal.addEventListener('abort', () => broken.resolve(), { once: true });
    try {
      await client.connect();
      await client.query(`LISTEN ${channel}`);
      while (!stopping.signal.aborted) {
        local.announce(undefined);
        const state = await Promise.race([broken.promise.then(() => 'broken'), wait(proofEvery, 'quiet', { ref: false })]);
        if (state === 'broken') return;
        const proof = await Promise.race([client.query('SELECT 1'), wait(proofTimeout, undefined, { ref: false })]);
        if (!proof) return;
      }
    } finally {
      await Promise.race([client.end().catch(() => {}), wait(1000, undefined, { ref: false })]);
    }
  }

  const listening = (async () => {
    for (let pause = 100; !stopping.signal.aborted; pause = Math.min(retryMost, pause * 2)) {
      const begun = Date.now();
      await listen().catch((error: unknown) => warn(error instanceof Error ? error.message : String(error)));
      if (Date.now() - begun > proofEvery) pause = 100;
      // A node that forgot to close its database does not live on for this.
      await wait(pause, undefined, { signal: stopping.signal, ref: false }).catch(() => {});
    }
  })();

  return {
    announce(topic: string): void {
      local.announce(topic);
      waiting.add(topic);
      sending ??= drain();
    },
    onAnnounce: local.onAnnounce,
    async stop(): Promise<void> {
      await sending;
      stopping.abort();
      await listening;
    },
  };
}

/** An array literal of PostgreSQL. */
const asArray = (texts: readonly string[]) => `{${texts.map((text) => `"${text.replaceAll(/["\\]/g, '\\$&')}"`).join(',')}}`;
