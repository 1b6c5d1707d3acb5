import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createReadStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openCompute, type FunctionRequest, type FunctionResponse } from '@freehold/compute';
import { openDatabase } from '@freehold/database';
import { defaultLimits, zeroAddress, type ProgramInfo } from '@freehold/protocol';
import type { Example } from '../build.ts';

export type Call = { method?: string; path?: string; query?: string; body?: Uint8Array | string };

/** The node's own sandboxes, with one function of each example that can be called as over HTTP. */
export async function openEngine() {
  const directory = mkdtempSync(join(tmpdir(), 'freehold-examples-'));
  const database = await openDatabase({ path: join(directory, 'node.db') });
  const compute = await openCompute({
    database,
    node: 'examples',
    directory: join(directory, 'compute'),
    now: Date.now,
    log: () => undefined,
    recover: () => zeroAddress,
    accepts: () => true,
    concurrency: 1,
    retention: 60_000,
    key: Buffer.alloc(32, 1),
  });

  return {
    sandbox: compute.sandbox,

    /** Uploads an example and offers it for free under its name. */
    async offer({ name, description, file, kind, runtime, interface: contract, deterministic }: Example): Promise<ProgramInfo> {
      const program = await compute.programs.add(createReadStream(file), { owner: zeroAddress });
      assert.deepEqual([program.kind, program.runtime, program.refusal], [kind, runtime, null]);
      const offer = {
        version: 1 as const,
        name,
        description,
        interface: contract,
        programs: [{ runtime, cid: program.cid }],
        limits: defaultLimits,
        deterministic,
        prices: [{ network: 'eip155:31337', asset: zeroAddress, amount: '0', payTo: zeroAddress }],
        owner: zeroAddress,
        createdAt: Date.now(),
        expiresAt: Date.now() + 3_600_000,
      };
      await compute.offers.publish({ offer, signature: '0x', caller: zeroAddress });
      return program;
    },

    /** Runs one call and answers what a caller would see. */
    async call(name: string, { method = 'POST', path = '', query = '', body = '' }: Call): Promise<FunctionResponse> {
      const request: FunctionRequest = {
        method,
        path,
        query,
        headers: {},
        server: { name: 'localhost', port: '4200', scheme: 'http' },
        remoteAddress: '127.0.0.1',
      };
      const plan = await compute.identify({ call: await compute.offers.callable(name), request, input: Buffer.from(body) });
      const { response, failure } = await compute.tasks.run(plan, { nonce: randomBytes(32) });
      if (!response) throw failure;
      return response;
    },

    async stop() {
      await compute.stop();
      await database.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
