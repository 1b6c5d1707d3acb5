import { forgeBinary, runForge } from './forge.ts';

/** Writes what the operations cost now to `solidity/gas/*.json`. */
const forge = forgeBinary();
if ('reason' in forge) throw new Error(forge.reason);
const settings = { FOUNDRY_INVARIANT_RUNS: '1', FOUNDRY_FUZZ_RUNS: '1' };
const { code, output } = await runForge({ path: forge.path, args: ['test'], profile: 'default', settings });
if (code !== 0) throw new Error(output);
