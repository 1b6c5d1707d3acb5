import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forgeBinary, measureCoverage, runForge } from './testing/forge.ts';
import { verifies } from '../../../requirements/verifies.ts';

const forge = forgeBinary();
const long = process.env['FREEHOLD_LONG'] === '1';

test(
  'the tests in Solidity pass and reach every line and branch of the contracts',
  { skip: 'reason' in forge && forge.reason },
  async () => {
    verifies('payments.contracts.whole');
    assert('path' in forge);
    const { files, output } = await measureCoverage(forge.path);
    assert.match(output, /\d{2,} tests passed, 0 failed, 0 skipped/);
    for (const name of ['BatchSettlement', 'DstackChain', 'Escrow', 'Multicall3', 'Registry', 'Resolver']) {
      const found = files.find(({ file }) => file === `packages/contracts/solidity/${name}.sol`);
      assert(found && found.lines.found > 0, `${name}.sol is not in the report`);
      assert.deepEqual(found.missed, [], `${name}.sol is not tested whole`);
    }
  },
);

test(
  'the code that is deployed passes them too, at the gas that is written down, with 100,000 calls against the invariants',
  {
    skip: 'reason' in forge ? forge.reason : !long && 'compiling takes a minute; run with --long',
  },
  async () => {
    verifies('payments.contracts.invariants');
    assert('path' in forge);
    const { code, output } = await runForge({
      path: forge.path,
      args: ['test'],
      profile: 'default',
      settings: { FORGE_SNAPSHOT_CHECK: 'true', FOUNDRY_FUZZ_RUNS: '2000', FOUNDRY_INVARIANT_RUNS: '400', FOUNDRY_INVARIANT_DEPTH: '256' },
    });
    assert.equal(code, 0, output);
    assert.match(output, /\d{2,} tests passed, 0 failed, 0 skipped/);
    const calls = Number(/\(runs: 400, calls: (\d+), reverts: 0\)/.exec(output)?.[1]);
    assert(calls >= 100_000, `the invariants were checked after ${calls} calls only`);
  },
);
