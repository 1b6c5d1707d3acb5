import { decode } from '@ipld/dag-cbor';
import { CID } from 'multiformats/cid';
import { z } from 'zod';
import type { Limits } from './offer.ts';
import { taskIdOfBlock } from './task.ts';

/** What the block of a task says of how to run it again. */
export type TaskRecipe = {
  id: string;
  program: string;
  entry: string | null;
  args: string[];
  env: Record<string, string>;
  /** sha256 of standard input. */
  stdin: Uint8Array;
  limits: Limits;
  /** Clock and randomness are those of the task, so that it comes out the same on every machine. */
  isDeterministic: boolean;
  /** It had files, a network or secrets, which the block only names. */
  hasMore: boolean;
};

const link = z.custom<CID>((value) => CID.asCID(value) !== null, 'must be a CID');
const bytes = z.instanceof(Uint8Array);
const block = z.object({
  v: z.literal(1),
  program: link,
  entry: z.string().nullable(),
  args: z.array(z.string()),
  env: z.record(z.string(), z.string()),
  stdin: bytes,
  inputs: link.nullable(),
  limits: z.object({ mem: z.number(), cpu: z.number(), wall: z.number(), out: z.number(), fuel: z.number().nullable() }),
  policy: z.object({ clock: z.string(), random: z.string(), net: z.array(z.string()), fork: z.boolean() }),
  secret: bytes.nullable(),
});

/** Reads the block whose CID is the id of a task. Errors: ZodError and those of DAG-CBOR. */
export function readTaskBlock(bytes: Uint8Array): TaskRecipe {
  const { program, limits, policy, inputs, secret, ...found } = block.parse(decode(bytes));
  const { mem, cpu, wall, out, fuel } = limits;
  return {
    id: taskIdOfBlock(bytes),
    ...found,
    program: program.toString(),
    limits: {
      memoryBytes: mem,
      cpuMs: cpu,
      wallMs: wall,
      outputBytes: out,
      inputBytes: 0,
      ...(fuel !== null && { fuel }),
    },
    isDeterministic: policy.clock === 'fixed' && policy.random === 'seeded',
    hasMore: inputs !== null || secret !== null || policy.net.length > 0 || policy.fork,
  };
}
