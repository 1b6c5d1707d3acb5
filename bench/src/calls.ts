import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildExamples, type Example } from '../../examples/build.ts';
import type { Context } from './context.ts';
import { expectStatus, openHttpClient } from './http.ts';
import { concurrency, measure, ratio, type Subject } from './measure.ts';
import { createPerson } from './person.ts';
import { startFreehold, startYardstick } from './servers.ts';
import { times, type Table } from './table.ts';

const rounds = 4;
const csv = 'name,size\napple,3\npear,4\n';

/** What a call of a function costs: free and paid, beside a request that does nothing. */
export async function calls({ directory, signal }: Context): Promise<Table> {
  const notes: string[] = [];
  const built = await buildExamples({ outDirectory: join(import.meta.dirname, '../../examples/dist'), log: (line) => notes.push(line) });
  const example = (name: string): Example | undefined => built.find((one) => one.name === name);

  await using yardstick = await startYardstick({ directory, signal });
  await using node = await startFreehold({ directory, signal });
  const http = openHttpClient({ connections: concurrency });
  const person = createPerson({ url: node.url, http });
  await person.signIn();
  await person.fund();

  const get = (url: string) => async () => expectStatus(await http.ask(url), 200);
  const subjects: Subject[] = [
    { name: 'Fastify hello (yardstick)', sequential: 200, parallel: 1000, pid: yardstick.pid, once: get(yardstick.hello) },
    { name: 'GET /api/node', sequential: 100, parallel: 500, pid: node.pid, once: get(`${node.url}/api/node`) },
  ];
  const add = async (subject: Omit<Subject, 'pid'>) => void subjects.push({ ...subject, pid: node.pid });

  const calculator = example('calculator');
  if (calculator && node.refusals.wasm === undefined) {
    const program = await readFile(calculator.file);
    const cached = `${await person.offer({ program, name: 'cached', deterministic: true })}/add?a=6&b=7`;
    const paid = `${await person.offer({ program, name: 'paid', paid: true })}/add?a=6&b=7`;
    const free = `${await person.offer({ program, name: 'free' })}/add?a=6&b=7`;
    const terms = await person.terms(paid);
    let payments: string[] = [];
    await add({
      name: 'the price of a call (402)',
      sequential: 100,
      parallel: 500,
      once: async () => expectStatus(await http.ask(paid), 402),
    });
    await add({ name: 'repeated deterministic call', sequential: 100, parallel: 400, once: get(cached) });
    await add({ name: 'free call, core WebAssembly', sequential: 60, parallel: 200, once: get(free) });
    await add({
      name: 'paid call, core WebAssembly',
      sequential: 20,
      parallel: 60,
      async prepare(count) {
        payments = await person.pay(terms, count);
      },
      async once() {
        expectStatus(await http.ask(paid, { headers: { 'payment-signature': payments.pop() ?? '' } }), 200);
      },
    });
  }
  const converter = example('csv-to-json');
  if (converter && node.refusals.wasm === undefined) {
    const url = await person.offer({ program: await readFile(converter.file), name: 'convert' });
    await add({
      name: 'free call, WASI program',
      sequential: 40,
      parallel: 120,
      once: async () => expectStatus(await http.ask(url, { method: 'POST', body: csv }), 200),
    });
  }
  const greeter = example('hello-c');
  if (greeter && node.refusals.native === undefined) {
    const program = await readFile(greeter.file);
    const url = await person.offer({ program, name: 'greet' });
    const copy = join(directory, 'greet');
    await writeFile(copy, program, { mode: 0o700 });
    await add({ name: 'free call, native program', sequential: 60, parallel: 200, once: get(url) });
    subjects.push({ name: 'that program by spawn, unsandboxed', sequential: 40, parallel: 80, once: () => runPlainly(copy) });
  }

  const measured = await measure(subjects, { rounds, signal });
  http.close();
  const [hello] = measured;
  const freeCall = measured.find(({ name }) => name === 'free call, core WebAssembly');
  const paidCall = measured.find(({ name }) => name === 'paid call, core WebAssembly');
  return {
    title: 'Calls',
    columns: ['', 'p50 µs', 'p99 µs', 'of hello', `calls/s at ${concurrency}`, 'CPU µs, server', 'with children'],
    rows: measured.map((one) => [one.name, one.p50, one.p99, times(ratio(one, hello)), one.rate, one.cpu.process, one.cpu.tree]),
    notes: [
      `A paid call takes ${times(ratio(paidCall, freeCall))} the free one; it includes the settlement on the embedded chain. Its payments are signed beforehand.`,
      'CPU is that of the server for one call; "with children" adds the sandboxes, the keeper and the chain.',
      ...Object.entries(node.refusals).flatMap(([engine, refusal]) =>
        refusal === undefined ? [] : [`No ${engine} functions here: ${refusal}`],
      ),
      ...notes.filter((note) => note.includes('left out')),
    ],
  };
}

/** The program as any server would start it: the price of a process on this machine. */
async function runPlainly(file: string): Promise<void> {
  const child = spawn(file, { env: { REQUEST_METHOD: 'GET', QUERY_STRING: '' }, stdio: ['ignore', 'pipe', 'ignore'] });
  child.stdout.resume();
  await once(child, 'close');
}
