import { isNative, type Plan } from './identify.ts';
import { openQueue, type Turn } from './queue.ts';

/** A batch run that may take longer than this waits apart, so that short calls always find a place. */
const longMs = 30_000;

export type Entrant = {
  /** Whose turn it takes. */
  payer: string;
  weight?: number;
  until?: number | undefined;
  signal?: AbortSignal | undefined;
};

/**
 * One fair queue in front of each engine. It lets a few more in than the engine can run, so that a place never stands empty while a
 * payment is being reserved; what waits in the engine itself stays that short.
 */
export function openLanes({ concurrency, now }: { concurrency: number; now: () => number }) {
  const slots = concurrency * 2 + 4;
  const lanes = {
    native: openQueue({ slots, now }),
    wasm: openQueue({ slots, now }),
    javascript: openQueue({ slots, now }),
    long: openQueue({ slots: Math.max(1, Math.floor(concurrency / 2)), now }),
    // What people run for themselves costs them nothing and may take long, so half of the engine is left to the calls of others.
    own: openQueue({ slots: Math.max(1, Math.floor(concurrency / 2)), now }),
  };
  const laneOf = ({ run, call }: Plan) => {
    if (call.offer.interface === 'batch' && run.limits.wallMs > longMs) return lanes.long;
    if (isNative(run.kind)) return lanes.native;
    return run.kind === 'javascript' ? lanes.javascript : lanes.wasm;
  };
  const ticketOf = (plan: Plan, { payer, weight = 1, until }: Entrant) => ({
    payer,
    offer: plan.call.id,
    weight,
    ...(until !== undefined && { until }),
  });

  return {
    enter: (plan: Plan, by: Entrant): Promise<Turn> => laneOf(plan).enter(ticketOf(plan, by), by.signal),
    mayEnter: (plan: Plan, by: Entrant): void => laneOf(plan).check(ticketOf(plan, by)),

    /** The turn of a program that somebody runs for himself. Errors: `queue_full`, `cancelled`. */
    enterOwn: (account: string, signal: AbortSignal | undefined): Promise<Turn> =>
      lanes.own.enter({ payer: account, offer: `own ${account}` }, signal),

    load: () => {
      const all = Object.values(lanes);
      return {
        waiting: all.reduce((sum, { waiting }) => sum + waiting, 0),
        running: all.reduce((sum, { running }) => sum + running, 0),
        payers: all.reduce((sum, { payers }) => sum + payers, 0),
      };
    },

    close(message: string): void {
      for (const lane of Object.values(lanes)) lane.close(message);
    },
  };
}
