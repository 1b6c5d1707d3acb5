import type { EngineState } from '@freehold/compute';
import type { Finding, Probe } from './probe.ts';

/** Whether this machine can confine programs: both sandboxes are tried in one go, as a node does when it starts. */
export function sandboxProbes(): Probe[] {
  const states = import('@freehold/compute').then(({ probeSandboxes }) => probeSandboxes({ log: () => undefined }));
  const ask = async (engine: 'native' | 'wasm'): Promise<Finding> => {
    const state = (await states)[engine];
    // Without it a node works, and refuses to run functions.
    if (!state.available) return { state: 'warn', message: state.reason, fix: state.advice };
    const walls = state.walls === undefined ? '' : `: ${state.walls}`;
    return { state: 'ok', message: `${state.checks.length} attempts to break out failed (${state.tier})${walls}` };
  };
  return [
    { name: 'sandbox, native', ask: () => ask('native') },
    { name: 'sandbox, more', ask: async () => more((await states).native) },
    { name: 'sandbox, wasm', ask: () => ask('wasm') },
  ];
}

/** What native programs may be besides static executables. */
function more(state: EngineState): Finding {
  if (!state.available)
    return { state: 'warn', message: 'No dynamic executables, scripts, processes or network without the native sandbox', fix: '' };
  const { libraries, python, sh } = state.missing ?? {};
  if (libraries !== undefined)
    return {
      state: 'warn',
      message: `No dynamic executables, scripts, processes or network: ${libraries}`,
      fix: 'Static executables and WebAssembly work. The rest needs a kernel with user namespaces and Landlock (Linux 5.13 or newer).',
    };
  const [missing] = [python, sh].filter((reason) => reason !== undefined);
  if (missing !== undefined)
    return { state: 'warn', message: missing, fix: 'Without it scripts for it are refused; everything else works.' };
  return {
    state: 'ok',
    message: 'dynamic executables, Python and shell scripts, programs with processes of their own or with hosts that they may reach',
  };
}
