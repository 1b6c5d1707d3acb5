import type { Engine } from '../engine.ts';
import { ComputeError } from '../error.ts';

/** Stands where a sandbox could not be had: it runs nothing and says why. Only a refusal becomes one; any other error is thrown on. */
export function refusedEngine(error: unknown): Engine {
  if (!(error instanceof ComputeError) || error.code !== 'sandbox_unavailable') throw error;
  const { reason, advice } = error.details ?? {};
  return {
    state: {
      available: false,
      reason: typeof reason === 'string' ? reason : error.message,
      advice: typeof advice === 'string' ? advice : '',
    },
    run: () => Promise.reject(error),
    stop: async () => undefined,
  };
}
