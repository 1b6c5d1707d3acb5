import { join } from 'node:path';
import { openLocalChain } from '@freehold/contracts';
import { decodePaymentRequired } from '@freehold/protocol';
import { z } from 'zod';
import { openPayingChannel, type PayingChannel } from '../../packages/payments/src/testing/channel.ts';
import { openPayingGrant } from '../../packages/payments/src/testing/grant.ts';
import { account, pay, price, recover } from '../../packages/payments/src/testing/world.ts';
import { openChannelVerifier } from '../../packages/payments/src/rails/channel/verify.ts';
import { startChild } from './child.ts';
import type { Context } from './context.ts';
import { expectStatus, openHttpClient } from './http.ts';
import { concurrency, measure, type Measured, type Subject } from './measure.ts';
import { times, type Table } from './table.ts';

const rounds = 3;
const ready = z.object({ free: z.string().optional(), paid: z.string() });

/** What a payment costs its server, by rail, beside a call that nobody pays and beside x402's own middleware. The chain is another process. */
export async function payments({ directory, signal }: Context): Promise<Table> {
  const chain = await openLocalChain({ directory: join(directory, 'chain'), log: () => undefined, signal });
  if (chain.kind !== 'running') throw new Error(chain.message);
  try {
    await chain.fund(account(Buffer.from('keeper')).address, 0n);
    const start = async (which: string) => {
      const args = [which, directory, chain.rpcUrl];
      const child = await startChild({
        script: join(import.meta.dirname, 'payments-server.ts'),
        args,
        errors: join(directory, `${which}.log`),
        environment: {},
        signal,
      });
      return { ...child, ...ready.parse(child.ready) };
    };
    await using ours = await start('ours');
    await using stock = await start('stock');
    // Renewed before each round: servers end connections that nobody used for some seconds.
    let http = openHttpClient({ connections: concurrency });
    const renew = () => {
      http.close();
      http = openHttpClient({ connections: concurrency });
    };
    const termsAt = async (url: string) =>
      decodePaymentRequired(String(expectStatus(await http.ask(url), 402).headers['payment-required']));
    const send = async (url: string, header: string) =>
      void expectStatus(await http.ask(url, { headers: { 'payment-signature': header } }), 200);
    const payer = account();
    await chain.fund(payer.address, 10n ** 12n);

    const exactAt = async (name: string, server: { paid: string; pid: number }): Promise<Subject> => {
      const required = await termsAt(server.paid);
      let headers: string[] = [];
      return {
        name,
        // One after another: the stock facilitator gives two transactions of one moment the same nonce.
        sequential: 100,
        parallel: 0,
        pid: server.pid,
        async prepare(count) {
          renew();
          headers = await Promise.all(Array.from({ length: count }, () => pay({ required, payer })));
        },
        once: () => send(server.paid, headers.pop() ?? ''),
      };
    };

    const required = await termsAt(ours.paid);
    const budget = 10n ** 10n;
    /** Each connection has a channel: its vouchers follow one another. */
    const channels: { channel: PayingChannel; at: bigint; headers: string[] }[] = [];
    for (let index = 0; index < concurrency; index++) {
      const channel = openPayingChannel({ required, payer, token: chain.token });
      await send(ours.paid, await channel.deposit(budget, price));
      channels.push({ channel, at: price, headers: [] });
    }
    const grant = openPayingGrant({ required, payer, token: chain.token });
    await send(ours.paid, await grant.open(budget, price));
    let granted = price;
    let ahead: string[] = [];

    const subjects: Subject[] = [
      {
        name: 'a call that nobody pays',
        sequential: 200,
        parallel: 1000,
        pid: ours.pid,
        prepare: async () => renew(),
        once: async () => void expectStatus(await http.ask(ours.free ?? ''), 200),
      },
      {
        name: 'channel voucher',
        sequential: 200,
        parallel: 600,
        pid: ours.pid,
        async prepare(count) {
          renew();
          for (const one of channels) {
            one.headers = [];
            for (let made = 0; made < count; made++) one.headers.push(await one.channel.voucher(one.at + price * BigInt(made + 1)));
          }
        },
        async once() {
          const one = channels.shift();
          if (!one) throw new Error('More calls at a time than channels');
          await send(ours.paid, one.headers.shift() ?? '');
          one.at += price;
          channels.push(one);
        },
      },
      {
        name: 'escrow voucher',
        sequential: 200,
        parallel: 600,
        pid: ours.pid,
        async prepare(count) {
          renew();
          ahead = [];
          for (let made = 0; made < count; made++) ahead.push(await grant.voucher((granted += price)));
        },
        once: () => send(ours.paid, ahead.shift() ?? ''),
      },
      await exactAt('exact', ours),
      await exactAt('exact, x402 for Express (yardstick)', stock),
    ];
    const measured = await measure(subjects, { rounds, signal });
    http.close();
    const [free, channel, escrow, exact, yardstick] = measured;
    const own = (one: Measured | undefined) => Math.round((one?.cpu.process ?? Number.NaN) - (free?.cpu.process ?? Number.NaN));
    const less = (one: Measured | undefined) => times((yardstick?.cpu.process ?? Number.NaN) / (one?.cpu.process ?? Number.NaN));
    return {
      title: 'Payments',
      columns: ['', 'p50 µs', 'p99 µs', `calls/s at ${concurrency}`, 'CPU µs, server', 'of it the payment'],
      rows: measured.map((one) => [
        one.name,
        one.p50,
        one.p99,
        Number.isFinite(one.rate) ? one.rate : '',
        one.cpu.process,
        one === yardstick ? '' : own(one),
      ]),
      notes: [
        `x402's own middleware takes ${less(exact)} the processor time of our exact call, ${less(channel)} that of a channel voucher, ${less(escrow)} that of one of the escrow.`,
        'Each paid call is durable: SQLite with a flush. The chain is the embedded one, in a process of its own that is not counted.',
        `Vouchers read and verified by one process, without the ledger: ${Math.round(await vouchersPerSecond(channels.map((one) => one.channel)))} a second.`,
      ],
    };
  } finally {
    await chain.stop();
  }
}

async function vouchersPerSecond(channels: readonly PayingChannel[]): Promise<number> {
  const verify = openChannelVerifier({ recover });
  const vouchers: { payload: Record<string, unknown>; channel: PayingChannel }[] = [];
  for (const channel of channels)
    for (let made = 1n; made <= 250n; made++)
      vouchers.push({ channel, payload: { type: 'voucher', channelConfig: channel.config, voucher: await channel.sign(made) } });
  const begun = process.cpuUsage();
  for (const { channel, payload } of vouchers) verify({ payload, requirement: channel.requirement });
  const { user, system } = process.cpuUsage(begun);
  return (vouchers.length * 1_000_000) / (user + system);
}
