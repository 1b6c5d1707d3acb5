import { z } from 'zod';

/** Programs that come with the node. */
export const builtInPrograms = ['calculator', 'file-processor', 'environment-reader'] as const;

const base64 = z.string().regex(/^[A-Za-z0-9+/]*={0,2}$/, 'must be base64');
/** A path in the own drive, such as `/Documents/a.wasm`, or the id of an entry, also of one that somebody shared. */
const place = z.string().min(1).max(32_768);

/** A folder for a program: where in the drive it is, where the program finds it, and whether it may change it. */
const ownMount = z.strictObject({
  path: z.string().min(2).max(255),
  folder: place,
  mode: z.enum(['read', 'write']).default('read'),
});

/** A program that somebody runs for themselves, without an offer: exactly one of `file`, `builtIn` and `bytes` says which. */
export const ownRun = z
  .strictObject({
    file: place.optional(),
    builtIn: z.enum(builtInPrograms).optional(),
    bytes: base64.optional(),
    /** The export of a module without WASI that is called. */
    entry: z.string().min(1).max(255).optional(),
    args: z.array(z.string().max(65_536)).max(1000).default([]),
    env: z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/), z.string().max(65_536)).default({}),
    /** Standard input. */
    input: base64.default(''),
    mounts: z.array(ownMount).max(8).default([]),
  })
  .refine(({ file, builtIn, bytes }) => [file, builtIn, bytes].filter((one) => one !== undefined).length === 1, {
    message: 'names one program: a file of the drive, one that comes with the node, or its bytes',
    path: ['file'],
  });

export const ownOutcome = z.object({
  task: z.string(),
  /** CID over the folders that it was given. */
  inputs: z.string().nullable(),
  reason: z.string(),
  exitCode: z.number().nullable(),
  message: z.string().nullable(),
  stdout: base64,
  stderr: base64,
  /** Changes of files and folders that were kept. */
  changed: z.number(),
  usage: z.object({ wallUs: z.number(), cpuUs: z.number(), maxRssBytes: z.number() }),
});

/** What `file-processor` counts. */
export const fileCounts = z.partialRecord(z.enum(['lines', 'words', 'chars']), z.int());
/** What `environment-reader` tells: the clock in milliseconds. */
export const environmentSeen = z.object({
  args: z.array(z.string()),
  env: z.array(z.string()),
  preopens: z.array(z.string()),
  clock: z.number(),
});

export type FileCounts = z.output<typeof fileCounts>;
export type EnvironmentSeen = z.output<typeof environmentSeen>;
export type OwnRunRequest = z.input<typeof ownRun>;
export type BuiltInProgram = (typeof builtInPrograms)[number];
