import nodeCrypto, { createHash } from 'node:crypto';
import { createContext, constants, type SourceTextModule } from 'node:vm';
import type { Frame } from '../host/frame.ts';
import { realRandom, seededRandom, type Random } from '../wasm/wasi/random.ts';
import type { WebClasses } from './harden.ts';
import { mostStderr, type AnswerHead, type AskHead, type PartHead, type ResultHead, type RunHead } from './job.ts';
import { Unusable, type openModules } from './modules.ts';
import type { Realm, RealmEnd, RealmHost } from './realm/host.ts';

export type Program = { kind: 'program' | 'worker'; source: string };
export type Call = ReturnType<typeof openCall>;

type Settle<Value> = { resolve: (value: Value) => void; reject: (reason: unknown) => void };
type Ask = { begun: Settle<AnswerHead>; part: Settle<Uint8Array | undefined> | undefined };

/**
 * The web's classes draw the boundaries of forms with this function of Node, which they take when they are first used: here it is
 * seeded for a call that is.
 */
let fill: Random = realRandom;
const words = new Uint32Array(1);
Object.assign(nodeCrypto, {
  randomInt(most: number): number {
    fill(new Uint8Array(words.buffer));
    return Math.floor(((words[0] ?? 0) / 2 ** 32) * most);
  },
});

/** What is waited for by a program that has nothing more to do. */
const never = new Promise<never>(() => undefined);

/**
 * One call of a program: a realm of its own, made ready before the call comes, and what it says and asks
 * while it runs. A guest that came to hold `RealmHost` itself could do no more with it than it may do anyway.
 */
export function openCall({
  modules,
  program,
  classes,
  send,
  drained,
}: {
  modules: ReturnType<typeof openModules>;
  program: Program;
  classes: WebClasses;
  send: (kind: Frame['kind'], head?: unknown, body?: readonly Uint8Array[]) => boolean;
  drained: () => Promise<void>;
}) {
  const context = createContext(constants.DONT_CONTEXTIFY, { codeGeneration: { strings: false, wasm: true } });
  const timers = new Map<number, NodeJS.Timeout>();
  const asks = new Map<number, Ask>();
  const inputs: (Uint8Array | undefined)[] = [];
  const pulls: Settle<Uint8Array | undefined>[] = [];
  const stopped = Promise.withResolvers<ResultHead['reason']>();
  let realm: Realm | undefined;
  let live = true;
  let left = 0;
  let logged = 0;
  let asked = 0;

  let module: SourceTextModule | undefined;
  let unusable: string | undefined;
  const { start } = modules.startIn(context);
  try {
    const loaded = modules.load('file:///program.js', program.source, context);
    loaded.instantiate();
    module = loaded;
  } catch (error) {
    unusable = sentenceOf(error);
  }

  function hostOf(job: RunHead): RealmHost {
    const started = performance.now();
    const random: Random = job.seed === undefined ? realRandom : seededRandom(Buffer.from(job.seed, 'hex'));
    left = job.outputBytes;
    return {
      classes,
      abortSignal: AbortSignal,
      subtle: crypto.subtle,
      kind: program.kind,
      args: job.args,
      env: job.env,
      services: job.services,
      fixedTime: job.fixedTime,
      random,
      now: () => (job.fixedTime === undefined ? performance.now() - started : 0),
      write(bytes) {
        if (!live) return undefined;
        const sent = Buffer.from(bytes);
        left -= sent.length;
        if (left >= 0) return send('output', null, [sent]) ? undefined : drained();
        stopped.resolve('output');
        return never;
      },
      log(text) {
        if (!live || logged >= mostStderr) return;
        const bytes = Buffer.from(text).subarray(0, mostStderr - logged);
        logged += bytes.length;
        send('log', null, [bytes]);
      },
      pull() {
        if (inputs.length > 0) return Promise.resolve(inputs[0] === undefined ? undefined : inputs.shift());
        const waiting = Promise.withResolvers<Uint8Array | undefined>();
        pulls.push(waiting);
        if (live) send('pull');
        return waiting.promise;
      },
      setTimer(ms, id) {
        if (!live) return;
        timers.set(
          id,
          setTimeout(() => {
            timers.delete(id);
            realm?.onTimer(id);
          }, ms),
        );
      },
      clearTimer(id) {
        clearTimeout(timers.get(id));
        timers.delete(id);
      },
      async ask(service, head, body) {
        if (!live) return never;
        const id = ++asked;
        const begun = Promise.withResolvers<AnswerHead>();
        asks.set(id, { begun, part: undefined });
        send('ask', { id, service, head: JSON.parse(head) } satisfies AskHead, body ? [Buffer.from(body)] : []);
        const answer = await begun.promise;
        if (answer.error !== undefined) {
          asks.delete(id);
          throw answer.error;
        }
        return {
          head: JSON.stringify(answer.head),
          async next() {
            const ask = asks.get(id);
            if (!ask) return undefined;
            const part = Promise.withResolvers<Uint8Array | undefined>();
            ask.part = part;
            send('more', { id } satisfies PartHead);
            return part.promise;
          },
          cancel() {
            if (asks.delete(id) && live) send('cancel', { id } satisfies PartHead);
          },
        };
      },
    };
  }

  return {
    report: (what: string, error: unknown): void => realm?.report(what, error),

    /** Takes what the node says while the call runs. */
    take({ kind, head, body }: Frame): void {
      if (kind === 'input') {
        const chunk = body.length === 0 ? undefined : new Uint8Array(body);
        const waiting = pulls.shift();
        if (waiting) waiting.resolve(chunk);
        else inputs.push(chunk);
      } else if (kind === 'answer') {
        const answer = head as AnswerHead;
        asks.get(answer.id)?.begun.resolve(answer);
      } else if (kind === 'chunk') {
        const { id, error } = head as AnswerHead;
        const ask = asks.get(id);
        if (error !== undefined || body.length === 0) asks.delete(id);
        if (error !== undefined) ask?.part?.reject(error);
        else ask?.part?.resolve(body.length === 0 ? undefined : new Uint8Array(body));
      }
    },

    async run(job: RunHead, input: Uint8Array): Promise<ResultHead> {
      const wallStarted = process.hrtime.bigint();
      const cpuStarted = process.cpuUsage();
      determineNumbers(job.seed);
      if (input.length > 0) inputs.push(new Uint8Array(input));
      if (job.inputEnds) inputs.push(undefined);
      const ended = await Promise.race([stopped.promise, perform(job)]);
      const { user, system } = process.cpuUsage(cpuStarted);
      const usage = { wallUs: Number((process.hrtime.bigint() - wallStarted) / 1000n), cpuUs: user + system };
      if (typeof ended === 'string') return { reason: ended, exitCode: 0, ...usage };
      if (ended.invalid !== undefined) return { reason: 'invalid', exitCode: 0, message: ended.invalid, ...usage };
      return { reason: 'exit', exitCode: ended.exitCode, ...usage };
    },

    /** Nothing of it is heard any more. */
    end(): void {
      live = false;
      for (const timer of timers.values()) clearTimeout(timer);
      timers.clear();
      asks.clear();
      realm = undefined;
    },
  };

  async function perform(job: RunHead): Promise<RealmEnd> {
    if (!module) return { exitCode: 0, invalid: unusable ?? 'It cannot be run.' };
    if (job.checkOnly) return { exitCode: 0, ...(program.kind === 'program' && !hasDefault(module) && { invalid: nothingToCall }) };
    realm = start(hostOf(job));
    try {
      await module.evaluate();
    } catch (error) {
      realm.report('Uncaught while the module was evaluated', error);
      return { exitCode: 1 };
    }
    try {
      return await realm.run(module.namespace);
    } catch (error) {
      realm.report('Uncaught', error);
      return { exitCode: 1 };
    }
  }
}

/** What a module exports is known before it is evaluated. */
const hasDefault = ({ namespace }: SourceTextModule): boolean => Reflect.ownKeys(namespace).includes('default');
const nothingToCall = 'It exports nothing to call: write `export default { fetch(request) { return new Response("Hello") } }`, or a tool.';

function determineNumbers(seed: string | undefined): void {
  fill = seed === undefined ? realRandom : seededRandom(createHash('sha256').update(seed).digest());
}

function sentenceOf(error: unknown): string {
  if (error instanceof Unusable) return error.message;
  // It belongs to the guest's realm, so that it is no instance of our Error.
  return `It is no JavaScript module that can be run: ${String(Object(error).message)}.`;
}
