import type { Finding, Probe } from './probe.ts';

/** Whether this machine can confine programs: both sandboxes are tried in one go, as a node does when it starts. */
export function sandboxProbes(): Probe[] {
  const states = import('@freehold/compute').then(({ probeSandboxes }) => probeSandboxes({ log: () => undefined }));
  const ask = async (engine: 'native' | 'wasm'): Promise<Finding> => {
    const state = (await states)[engine];
    // Without it a node works, and refuses to run functions.
    if (!state.available) return { state: 'warn', message: state.reason, fix: state.advice };
    return { state: 'ok', message: `${state.checks.length} attempts to break out failed (${state.tier})` };
  };
  return [
    { name: 'sandbox, native', ask: () => ask('native') },
    { name: 'sandbox, wasm', ask: () => ask('wasm') },
  ];
}
