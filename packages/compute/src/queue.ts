import { ComputeError } from './error.ts';

/** Who wants to run what. */
export type Ticket = {
  /** Whose turn it takes: a wallet, or the address of somebody who pays nothing. */
  payer: string;
  offer: string;
  /** How much of the node its payer gets beside others, 1 by default. */
  weight?: number;
  /** Milliseconds since the epoch, after which it is of no use. */
  until?: number;
};

/** The right to run one task now. Both ends must be told, in this order; telling twice does nothing. */
export type Turn = {
  /** The engine has done its work: its place is free, and the time is charged to the payer's share. */
  done(wallUs: number): void;
  /** The payer is done with it, money included. `unpaid`: it cost time and brings nothing, by its own fault. */
  end(outcome?: { unpaid: boolean }): void;
};

export type QueueLimits = {
  /** How many may wait: of one payer, for one offer, in all. */
  perPayer: number;
  perOffer: number;
  inAll: number;
  /** How many of one payer may be under way, from its turn until its payment has come to an end. */
  underWay: number;
  /** How long one may wait, in milliseconds. */
  longestWaitMs: number;
  /** Time that one payer may take without paying for it, in microseconds: the most at once, and how much of it returns per microsecond. */
  unpaidUs: number;
  unpaidReturn: number;
};

export const defaultQueueLimits: QueueLimits = {
  perPayer: 1_000,
  perOffer: 4_000,
  inAll: 12_000,
  underWay: 48,
  longestWaitMs: 300_000,
  unpaidUs: 60_000_000,
  unpaidReturn: 0.1,
};

type Waiting = { ticket: Ticket; payer: Payer; since: number; admit: (turn: Turn) => void; refuse: (error: ComputeError) => void };
type Payer = {
  name: string;
  /** What it has had of the node, in microseconds divided by its weight: who has had least is next. */
  had: number;
  /** Its waiting calls, by offer; the first offer of the map is next. */
  lines: Map<string, Waiting[]>;
  waiting: number;
  underWay: number;
  /** Share of its last runs that cost time and brought nothing, 0 to 1. */
  failing: number;
  unpaidUs: number;
  unpaidAt: number;
};

export type Queue = ReturnType<typeof openQueue>;

/** For what runs nothing, or is not part of the queue. */
export const noTurn: Turn = { done: () => {}, end: () => {} };

/** How much of the places one offer may hold while calls of others wait. */
const offerShare = 0.75;
/** A payer all of whose runs fail is charged this many times the time they take. */
const failingCost = 8;
const mostPayers = 10_000;
const firstGuessUs = 1_000;

/**
 * Who runs next in front of an engine. Payers share it by time, not by number of calls: whoever has had the least comes next
 * (start-time fair queueing), his offers in turn. Runs that end in nothing cost a payer more of his share, and only so much of
 * them is done at all; an offer cannot take all places. What would wait too long is refused at once, before any money is held.
 */
export function openQueue({ slots, limits: given = {}, now }: { slots: number; limits?: Partial<QueueLimits>; now: () => number }) {
  const limits = { ...defaultQueueLimits, ...given };
  const payers = new Map<string, Payer>();
  /** Those with something waiting. */
  const active = new Set<Payer>();
  /** Calls of each offer: waiting, running, and how long one takes. */
  const offers = new Map<string, { waiting: number; running: number; usualUs: number }>();
  let waiting = 0;
  let running = 0;
  let clock = 0;
  let usualUs = firstGuessUs;

  const payerOf = (name: string): Payer => {
    const known = payers.get(name);
    if (known) return known;
    if (payers.size >= mostPayers) forgetIdle();
    const payer: Payer = { name, had: clock, lines: new Map(), waiting: 0, underWay: 0, failing: 0, unpaidUs: 0, unpaidAt: now() };
    payers.set(name, payer);
    return payer;
  };

  const offerOf = (id: string) => {
    const known = offers.get(id);
    if (known) return known;
    if (offers.size >= mostPayers) for (const [key, offer] of offers) if (offer.waiting + offer.running === 0) offers.delete(key);
    const offer = { waiting: 0, running: 0, usualUs };
    offers.set(id, offer);
    return offer;
  };

  /** Those who owe nothing go first; when everybody does, the oldest of them. */
  function forgetIdle() {
    const idle = [...payers.values()].filter((payer) => payer.waiting + payer.underWay === 0);
    const clean = idle.filter((payer) => unpaidOf(payer) === 0 && payer.failing < 0.05);
    for (const { name } of clean.length > 0 ? clean : idle.slice(0, mostPayers / 10)) payers.delete(name);
  }

  function unpaidOf(payer: Payer): number {
    const at = now();
    payer.unpaidUs = Math.max(0, payer.unpaidUs - (at - payer.unpaidAt) * 1000 * limits.unpaidReturn);
    payer.unpaidAt = at;
    return payer.unpaidUs;
  }

  /** Milliseconds until a call that comes last would have its turn. */
  const wait = (before: number): number => Math.ceil((before * usualUs) / Math.max(1, slots) / 1000);

  function refuse(message: string, waitMs: number): never {
    throw refusal(message, waitMs);
  }

  function check({ payer: name, offer: id, until }: Ticket) {
    const payer = payers.get(name);
    if (payer && unpaidOf(payer) > limits.unpaidUs)
      refuse(
        'Too many calls of yours have failed, and failed calls are not charged. Find out why they fail before you send more.',
        (payer.unpaidUs - limits.unpaidUs * 0.9) / limits.unpaidReturn / 1000,
      );
    if (payer && payer.waiting >= limits.perPayer)
      refuse(
        'Too many of your calls are waiting here. Send the next when some of them have been answered.',
        wait(payer.waiting * active.size),
      );
    const offer = offers.get(id);
    if (offer && offer.waiting >= limits.perOffer)
      refuse('Too many calls of this function are waiting. Send the request again in a moment.', wait(offer.waiting));
    if (waiting >= limits.inAll)
      refuse('This node has as many calls waiting as it can. Send the request again in a moment.', wait(waiting));
    // Others have their turns in between, as many as he has calls before this one.
    const expected = wait(Math.min(waiting, (payer?.waiting ?? 0) * active.size));
    if (expected > limits.longestWaitMs || (until !== undefined && now() + expected > until))
      refuse('The calls before this one would take longer than it can wait. Send the request again later.', expected);
  }

  function leave(entry: Waiting): boolean {
    const { payer, ticket } = entry;
    const line = payer.lines.get(ticket.offer);
    const place = line?.indexOf(entry) ?? -1;
    if (!line || place < 0) return false;
    line.splice(place, 1);
    if (line.length === 0) payer.lines.delete(ticket.offer);
    payer.waiting--;
    waiting--;
    offerOf(ticket.offer).waiting--;
    if (payer.waiting === 0) active.delete(payer);
    return true;
  }

  /** The next of a payer: his offers in turn, the first that may have another place. */
  function candidateOf(payer: Payer, isCapped: boolean): Waiting | undefined {
    for (const [id, line] of payer.lines) {
      if (!isCapped || offerOf(id).running < Math.max(1, slots * offerShare)) return line[0];
    }
    return undefined;
  }

  function choose(isCapped: boolean): Waiting | undefined {
    let best: Waiting | undefined;
    for (const payer of active) {
      if (payer.underWay >= limits.underWay || (best && payer.had >= best.payer.had)) continue;
      best = candidateOf(payer, isCapped) ?? best;
    }
    return best;
  }

  function dispatch() {
    while (running < slots && waiting > 0) {
      const entry = choose(true) ?? choose(false);
      if (!entry) return;
      leave(entry);
      const { ticket, payer, since } = entry;
      const at = now();
      if (at - since > limits.longestWaitMs || (ticket.until !== undefined && at > ticket.until)) {
        entry.refuse(refusal('The calls before this one took longer than it can wait. Send the request again.', wait(waiting)));
        continue;
      }
      entry.admit(begin(ticket, payer));
    }
  }

  function begin({ offer: id, weight = 1 }: Ticket, payer: Payer): Turn {
    const offer = offerOf(id);
    // The offer that has just had its turn goes behind the others of this payer.
    const line = payer.lines.size > 1 ? payer.lines.get(id) : undefined;
    if (line) {
      payer.lines.delete(id);
      payer.lines.set(id, line);
    }
    running++;
    offer.running++;
    payer.underWay++;
    clock = Math.max(clock, payer.had);
    const guessUs = offer.usualUs;
    const price = (1 + (failingCost - 1) * payer.failing) / weight;
    payer.had += guessUs * price;
    let state: 'running' | 'done' | 'ended' = 'running';
    let tookUs = 0;
    const turn: Turn = {
      done(wallUs) {
        if (state !== 'running') return;
        state = 'done';
        tookUs = wallUs;
        running--;
        offer.running--;
        payer.had += (wallUs - guessUs) * price;
        if (wallUs > 0) {
          offer.usualUs += (wallUs - offer.usualUs) * 0.1;
          usualUs += (wallUs - usualUs) * 0.02;
        }
        dispatch();
      },
      end({ unpaid } = { unpaid: false }) {
        turn.done(0);
        if (state === 'ended') return;
        state = 'ended';
        payer.underWay--;
        payer.failing += ((unpaid ? 1 : 0) - payer.failing) * 0.2;
        if (unpaid) payer.unpaidUs = unpaidOf(payer) + tookUs;
        dispatch();
      },
    };
    return turn;
  }

  return {
    /** Whether it would be let in now. Errors: `queue_full`. */
    check,

    /** Waits for its turn. Errors: `queue_full` (429) with `details.retryAfter` in seconds; `cancelled` when the signal fired first. */
    async enter(ticket: Ticket, signal?: AbortSignal): Promise<Turn> {
      if (signal?.aborted) throw cancelled();
      check(ticket);
      const payer = payerOf(ticket.payer);
      // Where nobody waits and there is a place, there is nothing to choose.
      if (waiting === 0 && running < slots && payer.underWay < limits.underWay) {
        payer.had = Math.max(payer.had, clock);
        return begin(ticket, payer);
      }
      if (payer.waiting === 0) {
        // Who comes back cannot have saved up the time in which he wanted nothing.
        payer.had = Math.max(payer.had, clock);
        active.add(payer);
      }
      const { promise, resolve, reject } = Promise.withResolvers<Turn>();
      const entry: Waiting = { ticket, payer, since: now(), admit: resolve, refuse: reject };
      const line = payer.lines.get(ticket.offer);
      if (line) line.push(entry);
      else payer.lines.set(ticket.offer, [entry]);
      payer.waiting++;
      waiting++;
      offerOf(ticket.offer).waiting++;
      if (signal === undefined) {
        dispatch();
        return promise;
      }
      const giveUp = () => {
        if (leave(entry)) reject(cancelled());
      };
      signal.addEventListener('abort', giveUp, { once: true });
      dispatch();
      return promise.finally(() => signal.removeEventListener('abort', giveUp));
    },

    get waiting() {
      return waiting;
    },
    get running() {
      return running;
    },
    /** How many payers have calls waiting. */
    get payers() {
      return active.size;
    },

    /** Refuses all that wait, as when the node stops. */
    close(message: string) {
      for (const payer of active) {
        for (const entry of [...payer.lines.values()].flat()) {
          leave(entry);
          entry.refuse(refusal(message, 1000));
        }
      }
    },
  };
}

const refusal = (message: string, waitMs: number) =>
  new ComputeError('queue_full', 429, `${message} Nothing was charged.`, {
    details: { retryAfter: Math.min(3600, Math.max(1, Math.ceil(waitMs / 1000))) },
  });

export const cancelled = () => new ComputeError('cancelled', 499, 'The call was cancelled before it began. Nothing was charged.');
