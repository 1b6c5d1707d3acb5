import type { Engine, Run, RunResult } from '../engine.ts';
import type { Plan } from '../identify.ts';
import type { OnProgress } from './progress.ts';
import { openWarmSession, type WarmSession } from './warm-session.ts';

export type WarmTools = ReturnType<typeof openWarmTools>;

/** A program is started anew after so many calls, or so long, whatever it does: what it leaks ends with it. */
const mostCalls = 1_000;
const longestMs = 600_000;
const mostCpuMs = 600_000;
const mostErrorBytes = 64 * 1024 * 1024;
const idleMs = 60_000;

type Kept = { session: WarmSession; offer: string; idleTimer: NodeJS.Timeout | undefined };

/**
 * Tools that are kept running between calls. A program belongs to one offer and is given one call at a time. What it keeps in
 * memory stays, so that only tools that say `stream` of themselves are kept, and no deterministic ones: their answers must
 * follow from their input alone.
 */
export function openWarmTools({
  execute,
  most,
  perOffer,
  idle = idleMs,
}: {
  execute: Engine['run'];
  /** Programs that are kept at once, of all offers. */
  most: number;
  perOffer: number;
  idle?: number;
}) {
  const all = new Set<Kept>();

  function open(offer: string, run: Run): Kept {
    const kept: Kept = {
      offer,
      idleTimer: undefined,
      session: openWarmSession({
        execute,
        run,
        onEnd: () => {
          clearTimeout(kept.idleTimer);
          all.delete(kept);
        },
      }),
    };
    all.add(kept);
    return kept;
  }

  /** A program that can take a call now; undefined when there is no room for another. */
  function find(offer: string, run: Run): Kept | undefined {
    const own = [...all].filter((kept) => kept.offer === offer);
    const free = own.findLast(({ session }) => !session.isBusy);
    if (free) return free;
    if (own.length >= perOffer) return undefined;
    if (all.size >= most) {
      const idlest = [...all].find(({ session }) => !session.isBusy);
      if (!idlest) return undefined;
      idlest.session.stop();
    }
    return open(offer, run);
  }

  return {
    get size() {
      return all.size;
    },

    /** Answers undefined when the tool is not one that is kept, or there is no room: it is run afresh then. */
    async call(
      { call: { id: offer }, run }: Plan,
      given: { id: string; input: Buffer; signal?: AbortSignal | undefined; onProgress?: OnProgress | undefined },
    ): Promise<RunResult | undefined> {
      const { limits } = run;
      const kept = find(offer, {
        ...run,
        args: [...run.args, '--mcp-stream'],
        seed: undefined,
        errorBytes: mostErrorBytes,
        limits: {
          ...limits,
          cpuMs: Math.min(mostCpuMs, limits.cpuMs * mostCalls),
          wallMs: longestMs + limits.wallMs,
          outputBytes: limits.outputBytes * mostCalls,
        },
      });
      if (!kept) return undefined;
      clearTimeout(kept.idleTimer);
      const { session } = kept;
      const result = await session.call({ ...given, wallMs: limits.wallMs, outputBytes: limits.outputBytes });
      if (session.isEnded) return result;
      if (session.calls >= mostCalls || session.ageMs >= longestMs) session.stop();
      // Behind the others, so that the one that was idle longest comes first.
      else if (all.delete(kept)) {
        all.add(kept);
        kept.idleTimer = setTimeout(session.stop, idle).unref();
      }
      return result;
    },

    stop(): void {
      for (const { session } of all) session.stop();
    },
  };
}

/** Whether a plan's program may be kept running. */
export const mayBeWarm = ({ call: { offer, program } }: Plan): boolean =>
  offer.tool?.stream === true &&
  offer.deterministic !== true &&
  (program.kind === 'native' || program.kind === 'dynamic' || program.kind === 'script');
