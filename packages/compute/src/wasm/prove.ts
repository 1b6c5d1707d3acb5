import { proveHost, type HostProof } from '../host/prove.ts';
import type { HostProgram, Launch } from '../host/process.ts';

/** The first size of the heap keeps the collector from coming every thousand jobs for the little that there is; it is taken only when used. */
export const wasmHost: HostProgram = {
  entry: 'compute/src/wasm/host.ts',
  options: ['--max-old-space-size=128', '--initial-old-space-size=64'],
};

/** Whether the hosts of WebAssembly can get out on this machine. */
export const proveWasmSandbox = ({ launch }: { launch: Launch }): Promise<HostProof> =>
  proveHost({ launch, program: wasmHost, what: 'WebAssembly' });
