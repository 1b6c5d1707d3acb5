import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { resolve } from 'node:path';
import { addAbortSignal } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { encodeSettleResponse, paymentResponseHeader, taskAccessHeader, taskSummary } from '@freehold/protocol';
import { readOfferAddress } from '../batch/address.ts';
import { buyRun, type Bought } from '../batch/buy.ts';
import { followRun, type Ended } from '../batch/follow.ts';
import type { Context } from '../context.ts';
import { CliError, usageError } from '../error.ts';
import { NodeRefusal, openNodeClient } from '../node/client.ts';
import { print } from '../output.ts';
import { openPayingWallet } from '../pay/open-wallet.ts';
import type { PayOptions } from '../pay/options.ts';

export type RunOptions = {
  seconds?: string;
  env?: string[];
  input?: string;
  detach?: boolean;
  node?: string;
  key?: string;
  pay?: string[];
  max?: string[];
  perCallMax?: string[];
  session?: string;
  scheme?: string;
  dryRun?: boolean;
  dryRunPay?: boolean;
  tracePay?: boolean;
  json?: boolean;
};

/** What is not the program's own exit code: it did not begin, or it was stopped. That of `timeout` and `docker run`. */
const notItsOwn = 125;
/** For what was asked before Ctrl-C, and for stopping the run after it. */
const graceMs = 10_000;

/** `run OFFER`: buys a batch run, waits for it, and ends as it did. Errors: CliError 2, 120 to 123, 125. */
export async function runOffer(offer: string, args: string[], options: RunOptions, context: Context): Promise<number> {
  try {
    return await buyAndFollow(offer, args, options, context);
  } catch (error) {
    if (context.signal.aborted && !(error instanceof CliError)) return endedBySignal(context);
    if (!(error instanceof CliError) || error.exitCode !== 1) throw error;
    throw new CliError(error.message, { exitCode: notItsOwn, ...(error.advice !== undefined && { advice: error.advice }), cause: error });
  }
}

async function buyAndFollow(offer: string, args: string[], options: RunOptions, context: Context): Promise<number> {
  const address = readOfferAddress(offer, { node: options.node ?? context.settings.node, seconds: options.seconds });
  const input = options.input === undefined ? undefined : await readInput(options.input, context);
  using patience = graceAfter(context.signal);
  using opened = new DisposableStack();
  const own: PayOptions = {
    key: options.key,
    pay: options.pay ?? [],
    max: options.max ?? [],
    perCallMax: options.perCallMax ?? [],
    session: options.session,
    scheme: options.scheme,
    dryRun: options.dryRunPay ?? options.dryRun ?? false,
  };
  const bought = await buyRun({
    address,
    body: { args, env: variablesOf(options.env ?? []), ...(input && { stdinBase64: input.toString('base64') }) },
    own,
    openWallet: async () => opened.use(await openPayingWallet(own, context)),
    signal: patience.signal,
    context,
  });
  if (!bought) return 0;
  const { accepted } = bought;
  if (options.detach) {
    print(context, { json: options.json, value: accepted, text: accepted.task });
    return 0;
  }
  const headers = { [taskAccessHeader]: accepted.access };
  const client = openNodeClient({ node: address.node, headers, signal: context.signal });
  let ended: Ended;
  try {
    ended = await followRun(accepted.task, client, context);
  } catch (error) {
    if (!context.signal.aborted) throw error;
    await stop(accepted.task, openNodeClient({ node: address.node, headers, signal: AbortSignal.timeout(graceMs) }), context);
    return endedBySignal(context);
  }
  return await tell(ended, bought, options, context);
}

/** What the program wrote, what it cost, and how it ended. */
async function tell({ task, stdout, stderr }: Ended, { payment }: Bought, options: RunOptions, context: Context): Promise<number> {
  if (options.json) {
    const text = (bytes: Uint8Array | undefined) => (bytes === undefined ? null : Buffer.from(bytes).toString());
    print(context, { json: true, value: { ...task, stdout: text(stdout), stderr: text(stderr) }, text: '' });
  } else {
    context.stderr.write(stderr);
    if (stdout) context.stdout.write(stdout);
  }
  const say = (text: string) => context.stderr.write(`freehold: ${text}\n`);
  if (payment) {
    const { keepReceipt } = await import('../curl/receipt.ts');
    const kept = task.receipt ? keepReceipt(task.receipt, { payment, context }) : '';
    const charged = task.receipt === null ? undefined : BigInt(task.receipt.receipt.amount);
    const isPaid = charged !== undefined && charged > 0n;
    // Without a receipt it is not known what became of what was signed.
    const settlement = task.receipt && {
      success: true,
      transaction: task.receipt.receipt.transaction,
      network: task.receipt.receipt.network,
      extra: { chargedAmount: task.receipt.receipt.amount },
    };
    const header = (name: string) => (settlement && name === paymentResponseHeader ? encodeSettleResponse(settlement) : undefined);
    await payment.outgoing.conclude({ status: 200, header });
    if (options.tracePay || context.stderr.isTTY)
      say(
        isPaid
          ? `paid ${payment.price} to ${payment.outgoing.requirement.payTo} tx ${task.receipt?.receipt.transaction}${kept}`
          : `nothing was charged${kept}`,
      );
  }
  const hasEndedItself = task.reason === null || task.reason === 'exit';
  if (!hasEndedItself || !stdout) {
    const why = hasEndedItself ? `it ended with code ${task.exitCode ?? 0}` : (task.message ?? `it was stopped (${task.reason})`);
    say(`the run failed: ${why.replace(/\.$/, '')}.${stdout ? '' : ' Nothing was charged, so its output is not given.'}`);
  }
  return hasEndedItself ? (task.exitCode ?? (task.state === 'done' ? 0 : notItsOwn)) : notItsOwn;
}

async function stop(task: string, client: ReturnType<typeof openNodeClient>, { stderr }: Context): Promise<void> {
  try {
    await client.delete(`/api/tasks/${encodeURIComponent(task)}`, taskSummary);
    stderr.write(`freehold: stopped ${task}; nothing is charged for it\n`);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    const hadEnded = error instanceof NodeRefusal && error.status === 409;
    stderr.write(
      hadEnded
        ? `freehold: ${task} had ended already; its output: freehold task stdout ${task}\n`
        : `freehold: ${task} could not be stopped: ${error.message}\nStop it: freehold task cancel ${task}\n`,
    );
  }
}

const endedBySignal = ({ signal }: Context): number =>
  128 +
  (signal.reason === 'SIGTERM'
    ? constants.signals.SIGTERM
    : signal.reason === 'SIGHUP'
      ? constants.signals.SIGHUP
      : constants.signals.SIGINT);

/** Aborts a while after another signal does. */
function graceAfter(first: AbortSignal): Disposable & { signal: AbortSignal } {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const begin = () => (timer = setTimeout(() => controller.abort(first.reason), graceMs));
  if (first.aborted) begin();
  first.addEventListener('abort', begin, { once: true });
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      clearTimeout(timer);
      first.removeEventListener('abort', begin);
    },
  };
}

async function readInput(file: string, { cwd, stdin, signal }: Context): Promise<Buffer> {
  if (file === '-') return buffer(addAbortSignal(signal, stdin));
  try {
    return readFileSync(resolve(cwd, file));
  } catch (cause) {
    throw usageError(
      `--input ${file} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}.`,
      'Check the name, or - for standard input.',
    );
  }
}

const variablesOf = (pairs: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      if (at < 1) throw usageError(`--env ${pair} is not NAME=VALUE.`, 'Example: --env GREETING=hello');
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
