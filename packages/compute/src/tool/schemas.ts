import { Worker } from 'node:worker_threads';
import { openJsonJudge, type Question, type Verdict } from './judge-json.ts';
import { isShort, isTame } from './tame.ts';

/** A schema may have a pattern that backtracks for ever, and a value may be what it does so on. */
const longestMs = 1_000;
const starting = 10_000;
const heapMb = 256;

export type Schemas = ReturnType<typeof openSchemas>;
/** What is large is read when its turn has come. */
type Value = Uint8Array | (() => Promise<Uint8Array>);
type Schema = Readonly<Record<string, unknown>>;

/**
 * Checks JSON against JSON Schemas (2020-12). Neither a hostile schema nor a hostile value can hold up the node: all but short
 * values and schemas that are known to be harmless are checked in a thread of their own, and a check that takes too long ends
 * with the thread. The thread starts with the first such question.
 */
export function openSchemas() {
  let worker: Promise<Worker> | undefined;
  let queue: Promise<unknown> = Promise.resolve();
  const judge = openJsonJudge();
  const read = new WeakMap<Schema, { text: string; isTame: boolean }>();

  function readSchema(schema: Schema): { text: string; isTame: boolean } {
    const known = read.get(schema);
    if (known) return known;
    const text = JSON.stringify(schema);
    const made = { text, isTame: isTame(schema, text) };
    read.set(schema, made);
    return made;
  }

  function start(): Promise<Worker> {
    const fresh = new Worker(new URL('./schema-worker.ts', import.meta.url), {
      execArgv: [],
      env: {},
      resourceLimits: { maxOldGenerationSizeMb: heapMb },
    });
    fresh.unref();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(reject, starting, new Error('The thread that checks JSON did not start'));
      fresh.once('error', reject);
      // Its first message says that it has everything it needs: until then no time is counted.
      fresh.once('message', () => {
        clearTimeout(timer);
        fresh.off('error', reject);
        resolve(fresh);
      });
    });
  }

  /** One question at a time, so that it is known which one took too long. */
  async function ask(question: Question): Promise<Verdict> {
    worker ??= start();
    const asked = await worker.catch((error: unknown) => {
      worker = undefined;
      throw error;
    });
    const { promise, resolve } = Promise.withResolvers<Verdict | undefined>();
    const failed = () => resolve(undefined);
    const timer = setTimeout(failed, longestMs);
    asked.once('message', resolve).once('error', failed).once('exit', failed);
    asked.ref();
    asked.postMessage(question);
    const verdict = await promise;
    clearTimeout(timer);
    asked.off('message', resolve).off('error', failed).off('exit', failed).unref();
    if (verdict) return verdict;
    worker = undefined;
    asked.on('error', () => undefined);
    await asked.terminate();
    return question.value === undefined ? { refusal: 'it takes too long to prepare' } : { fault: 'it takes too long to check' };
  }

  function next({ schema, value }: { schema: string; value: Value | undefined }): Promise<Verdict> {
    const turn = queue.then(async () => ask({ schema, value: typeof value === 'function' ? await value() : value }));
    queue = turn.catch(() => undefined);
    return turn;
  }

  return {
    /** Why a schema cannot be used; undefined when it can. */
    refusalOf: async (schema: Schema): Promise<string | undefined> =>
      (await next({ schema: readSchema(schema).text, value: undefined })).refusal,

    /** What is wrong with a JSON text; undefined when it fits. */
    async faultOf(schema: Schema, value: Value): Promise<string | undefined> {
      const { text, isTame } = readSchema(schema);
      const { fault, refusal } =
        isTame && value instanceof Uint8Array && isShort(value) ? judge({ schema: text, value }) : await next({ schema: text, value });
      return fault ?? refusal;
    },

    async stop(): Promise<void> {
      await (await worker?.catch(() => undefined))?.terminate();
    },
  };
}
