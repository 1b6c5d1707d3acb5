import type { Address } from '@freehold/protocol';
import type { AnswerSink } from './cgi/answer-reader.ts';
import { scriptNamesOf } from './cgi/environment.ts';
import { performCgi, type Performed } from './cgi/perform.ts';
import type { FunctionResponse } from './cgi/response.ts';
import type { Engine, Run, RunResult } from './engine.ts';
import type { Plan, TaskName } from './identify.ts';
import { failedRun, isOwnFault, judge, judgeStored, toResponse } from './judge.ts';
import type { Input } from './input.ts';
import { openLive, type Live } from './live.ts';
import { openLru } from './lru.ts';
import type { Log } from './native/log.ts';
import type { Outcome } from './outcome.ts';
import type { Outputs } from './outputs.ts';
import { cancelled, noTurn, type Turn } from './queue.ts';
import { seedOf } from './seed.ts';
import type { Store } from './store.ts';
import { isDone, type FinishedTask, type StartedTask, type StoredStream, type TaskRow } from './store/tasks.ts';
import type { Tools } from './tool/tools.ts';
import type { Usage } from './usage.ts';
import { openWriteBehind } from './write-behind.ts';

export type RunBy = {
  /** That of the payment: makes the task of a function that is not deterministic unique. */
  nonce: Uint8Array;
  /** The wallet that pays. */
  payer?: Address | undefined;
  /** Its turn in the queue. Without one it runs beside the queue: for what the node does for itself. */
  turn?: Turn;
  /** False when equal calls may have the result only once it is paid: see `share`. True by default. */
  share?: boolean;
  /** How long its outputs are kept, in milliseconds, when the caller wants them for less time than the offer says. */
  retention?: number | undefined;
  /** Stops the program; not when others wait for it, too. */
  signal?: AbortSignal;
  /** Takes the answer of a CGI program as it comes, for a call whose result need not be kept. */
  sink?: AnswerSink;
  /** False for a task that nobody can ask for again: it is written into the history a moment later, and a crash may lose that. */
  keep?: boolean;
};

type Streams = { stdout: StoredStream; stderr: StoredStream };

export type Tasks = ReturnType<typeof openTasks>;

const noNonce = new Uint8Array(0);
/** Bytes of results that are kept at hand in memory, for equal calls. */
const hotBytes = 64 * 1024 * 1024;
/** What a result weighs besides its body. */
const hotOverhead = 2_048;

export function openTasks({
  store,
  outputs,
  run: runProgram,
  tools,
  usage,
  retention,
  now,
  log,
}: {
  store: Store;
  outputs: Outputs;
  run: Engine['run'];
  tools: Tools;
  usage: Usage;
  /** How long outputs are kept whose offer does not say, in milliseconds. */
  retention: number;
  now: () => number;
  log: Log;
}) {
  const history = openWriteBehind({
    write: store.recordTasks,
    onError: (error, rows) => log('compute.history_lost', { rows, error: String(error) }),
  });
  const live = openLive({ now });
  const hot = openLru<Outcome & { response: FunctionResponse; expiresAt: number }>({ most: hotBytes });
  const hotKey = (plan: Plan, task: string) => `${plan.call.offer.interface} ${task}`;

  async function outcomeOf(plan: Plan, row: TaskRow): Promise<Outcome | undefined> {
    const { stdout, stderr } = await outputs.read(row);
    if (!stdout || !stderr || row.stdout.sha256 === null) return undefined;
    const common = {
      task: row.id,
      cached: true,
      output: `0x${row.stdout.sha256}`,
      errors: `0x${row.stderr.sha256 ?? ''}`,
      exitCode: row.exitCode,
      isWorthMoney: row.chargeable,
      usage: {
        wallUs: row.wallUs ?? 0,
        cpuUs: row.cpuUs ?? 0,
        maxRssBytes: row.maxRssBytes ?? 0,
        ...(row.fuel !== null && { fuel: row.fuel }),
      },
    } as const;
    const { reason, exitCode, message } = row;
    const judged = judgeStored(plan, { reason: reason ?? 'killed', exitCode, message, ...common.usage, stdout, stderr }, row.chargeable);
    if (judged.response) return { ...common, response: judged.response };
    return judged.failure && { ...common, failure: judged.failure };
  }

  function hotOutcome(plan: Plan, id: string): Outcome | undefined {
    const found = hot.get(hotKey(plan, id));
    return found && found.expiresAt > now() ? found : undefined;
  }

  /** A stored result that equal calls may have; from now on it is hot. */
  async function cachedOutcome(plan: Plan, id: string): Promise<Outcome | undefined> {
    const row = await store.task(id);
    if (row?.state !== 'done' || !row.cacheable) return undefined;
    const outcome = await outcomeOf(plan, row);
    if (!outcome?.response) return undefined;
    return hot.set(hotKey(plan, id), { ...outcome, expiresAt: row.expiresAt ?? Infinity }, outcome.response.body.length + hotOverhead);
  }

  function countUse(plan: Plan, id: string): void {
    outputs.use(id);
    usage.count(plan.call.id, 'cached');
  }

  /** The stored result of a task that has ended well. */
  async function stored(plan: Plan, task: string): Promise<Outcome | undefined> {
    const row = await store.task(task);
    return row?.state === 'done' ? outcomeOf(plan, row) : undefined;
  }

  /** What came of a task, into the history: at once and durable, or a moment later when its streams are only summarised. */
  async function write(
    started: StartedTask,
    finished: Omit<FinishedTask, 'stdout' | 'stderr'>,
    brief: Streams | undefined,
  ): Promise<Streams> {
    const { stdout, stderr } = finished.result;
    if (brief) {
      await history.add(store.record(started, { ...finished, ...brief }), stdout.length + stderr.length);
      return brief;
    }
    const kept = await outputs.add(stdout, stderr);
    try {
      await store.finishTask({ ...finished, ...kept });
    } finally {
      kept.release();
    }
    return kept;
  }

  async function execute(plan: Plan, { id, block }: TaskName, { turn = noTurn, share = true, ...by }: RunBy, run: Live): Promise<Outcome> {
    const { offer, id: offerId } = plan.call;
    run.begin();
    const letGo = plan.input.hold();
    const started = { id, offer: offerId, payer: by.payer ?? null, preimage: block, now: now() };
    let performed: Performed;
    try {
      // The start is written while the program runs: after a crash before it is durable there is simply no such task.
      if (by.keep === false) performed = await perform(plan, id, by, run);
      else [performed] = await Promise.all([perform(plan, id, by, run), store.startTask(started)]);
      turn.done(performed.result.wallUs);
    } finally {
      turn.done(0);
      letGo();
    }
    const { sent } = performed;
    const judged = judge(plan, performed);
    const { result, isWorthMoney } = judged;
    const isShared = offer.deterministic === true && isDone(result) && judged.response !== undefined && judged.response.status < 500;
    const expiresAt = now() + Math.min(offer.retention ?? retention, by.retention ?? Infinity);
    const finished = { id, result, cacheable: isShared && share, chargeable: isWorthMoney, now: now(), expiresAt };
    const kept = await write(started, finished, by.keep === false ? outputs.summarise(result.stdout, result.stderr, sent) : undefined);
    const { wallUs, cpuUs, maxRssBytes, fuel } = result;
    const common = {
      task: id,
      cached: false,
      output: `0x${kept.stdout.sha256}`,
      errors: `0x${kept.stderr.sha256}`,
      exitCode: result.exitCode,
      isWorthMoney,
      usage: { wallUs, cpuUs, maxRssBytes, ...(fuel !== undefined && { fuel }) },
    } as const;
    usage.count(offerId, judged.response ? 'ran' : 'failed');
    return judged.response ? { ...common, response: judged.response } : { ...common, failure: judged.failure };
  }

  /** Runs the program to its answer, by the rules of its interface. An engine that could not run it has failed. */
  async function perform(plan: Plan, task: string, { sink }: Pick<RunBy, 'sink'>, { signal, stop, wrote }: Live): Promise<Performed> {
    const { call, redirected } = plan;
    if (call.offer.interface === 'tool') {
      const result = await tools.execute(plan, task, { signal, onProgress: plan.onProgress }).catch(failedRun);
      const answer = await tools.answer(plan, result);
      if (!answer) return { result };
      return 'response' in answer
        ? { result, response: answer.response }
        : { result: { ...result, reason: 'invalid', message: answer.fault } };
    }
    const program = { ...plan.run, seed: seedOf(plan, task) };
    const input = plan.input.read();
    if (redirected) {
      const scriptNames = scriptNamesOf(call.offer, call.id);
      return performCgi({ execute: runProgram, run: program, input, scriptNames, redirected, signal, stop, sink }).catch(
        (error: unknown) => ({ result: failedRun(error) }),
      );
    }
    const running = call.offer.interface === 'batch' ? runBatch(program, input, { signal, wrote }) : runProgram(program, input, { signal });
    const result = await running.catch(failedRun);
    return isDone(result) ? { result, response: toResponse(plan, result.stdout) } : { result };
  }

  /** A batch run tells how much it has written while it goes on. */
  async function runBatch(
    program: Run,
    input: ReturnType<Input['read']>,
    { signal, wrote }: Pick<Live, 'signal' | 'wrote'>,
  ): Promise<RunResult> {
    const written: Record<'stdout' | 'stderr', Buffer[]> = { stdout: [], stderr: [] };
    const take = (stream: 'stdout' | 'stderr') => (chunk: Buffer) => {
      written[stream].push(chunk);
      wrote(stream, chunk.length);
    };
    const result = await runProgram(program, input, { signal, onStdout: take('stdout'), onStderr: take('stderr') });
    return { ...result, stdout: Buffer.concat(written.stdout), stderr: Buffer.concat(written.stderr) };
  }

  return {
    /**
     * The result of an equal earlier call of a deterministic function: free. Of a private call only that of the same payer,
     * so without one there is none.
     */
    async cached(plan: Plan, payer?: Address): Promise<Outcome | undefined> {
      if (plan.call.offer.deterministic !== true || (plan.isPrivate && payer === undefined)) return undefined;
      const { id } = plan.task({ nonce: noNonce, payer });
      const outcome = hotOutcome(plan, id) ?? (await cachedOutcome(plan, id));
      if (outcome) countUse(plan, id);
      return outcome;
    },

    /** The same for a call that is not private, at once; undefined when it has to be looked for. `countAgain` counts it as given. */
    atHand: (plan: Plan): Outcome | undefined =>
      plan.call.offer.deterministic !== true || plan.isPrivate ? undefined : hotOutcome(plan, plan.requestId()),
    countAgain: (plan: Plan): void => countUse(plan, plan.requestId()),

    /** How this very task ended, whatever its function: what a repeated payment is answered with. Failures only where they are charged. */
    async finished(plan: Plan, by: { nonce: Uint8Array; payer?: Address | undefined }): Promise<Outcome | undefined> {
      const row = await store.task(plan.task(by).id);
      if (!row) return undefined;
      return row.state === 'done' || row.chargeable ? outcomeOf(plan, row) : undefined;
    },

    /**
     * Runs the task when its turn has come, joins it when it is running, or answers its stored result. The result is durable when
     * the promise settles.
     */
    async run(plan: Plan, by: RunBy): Promise<Outcome> {
      const name = plan.task(by);
      const joined = live.join(name.id, by.signal);
      if (joined) {
        by.turn?.done(0);
        const outcome = await joined;
        usage.count(plan.call.id, 'joined');
        return { ...outcome, cached: true };
      }
      return live.add({ plan, name, payer: by.payer, signal: by.signal }, async (run) => {
        const known = by.keep === false ? undefined : await stored(plan, name.id);
        return known ?? execute(plan, name, by, run);
      });
    },

    /** Equal calls may have the result from now on: it is paid. */
    async share(plan: Plan, outcome: Outcome): Promise<void> {
      const { deterministic } = plan.call.offer;
      if (deterministic && outcome.response && outcome.response.status < 500) await store.shareTask(outcome.task);
    },

    /**
     * Accepts a task whose caller does not wait: durable when the promise settles, and run when its turn has come. `before` is asked
     * right before; what it throws ends the task.
     */
    async start(
      plan: Plan,
      {
        enter,
        before,
        ...by
      }: Omit<RunBy, 'turn' | 'signal'> & { enter: (signal: AbortSignal) => Promise<Turn>; before: () => Promise<void> },
    ): Promise<{ task: string; ended: Promise<Outcome> }> {
      const name = plan.task(by);
      const joined = live.join(name.id);
      if (joined) return { task: name.id, ended: joined };
      const accepted = Promise.withResolvers<void>();
      const ended = live.add({ plan, name, payer: by.payer, isDetached: true }, async (run) => {
        const isNew = await store
          .acceptTask({ id: name.id, offer: plan.call.id, payer: by.payer ?? null, preimage: name.block, now: now() })
          .catch((error: unknown) => {
            accepted.reject(error);
            throw error;
          });
        const known = isNew ? undefined : await stored(plan, name.id);
        accepted.resolve();
        if (known) return known;
        let turn: Turn | undefined;
        try {
          turn = await enter(run.signal);
          if (run.signal.aborted) throw cancelled();
          await before();
          const outcome = await execute(plan, name, { ...by, turn }, run);
          const isFault = isOwnFault(outcome.failure?.details?.['reason']);
          turn.end({ unpaid: isFault && !outcome.isWorthMoney && by.payer !== undefined });
          return outcome;
        } catch (error) {
          turn?.end();
          const message = error instanceof Error ? error.message : String(error);
          await store.failTask({ id: name.id, reason: 'killed', message, now: now() });
          throw error;
        }
      });
      // Who is interested waits for it; a task without a listener must not end the process.
      ended.catch(() => {});
      await accepted.promise;
      return { task: name.id, ended };
    },

    /** Waits for a task that waits or runs, too: from now on no other who waits for it can stop it. */
    follow: (task: string): Promise<Outcome> | undefined => live.join(task),
    /** Stops a task that waits or runs. Answers what came of it. */
    cancel: live.cancel,
    /** What waits or runs now. */
    live: live.list,
    progress: live.get,
    /** Calls the listener when tasks start and end. Answers a function that ends it. */
    onChange: live.onChange,
    /** Forgets a result whose outputs are gone. */
    forget(task: string): void {
      for (const kind of ['cgi', 'tool', 'batch']) hot.delete(`${kind} ${task}`);
    },

    /** Settles when the history is written that is waited for by nobody. */
    settle: history.flush,

    /** How many tasks wait or run now. */
    get active() {
      return live.size;
    },
    /** Settles when none runs any more. */
    idle: live.idle,
  };
}
