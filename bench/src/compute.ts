import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from './context.ts';
import { compileGuest, compileHellos, largeModule } from './guests/index.ts';
import { expectStatus, openHttpClient } from './http.ts';
import { hasWrk, load, type Load } from './load.ts';
import { startLighttpd, startNginx } from './peers/cgi.ts';
import { installWorkerd, startWorkerd } from './peers/workerd.ts';
import { createPerson } from './person.ts';
import { startFreehold, startYardstick } from './servers.ts';
import { median, medianRatio, percentile } from './statistics.ts';
import { times, type Table } from './table.ts';
import { nameOf, processTree, proportionalOf } from './usage.ts';

const rounds = 3;
const seconds = 2;
const connections = [1, 8, 64] as const;
const mebibyte = 1024 * 1024;

type Served = { name: string; url: string; beside?: readonly string[] };

/** Functions of each kind over HTTP, sandbox on, beside the servers that people would use instead: requests per second. */
export async function computeServed({ directory, signal }: Context): Promise<Table> {
  const hellos = await compileHellos(directory);
  const programs = hellos && { hello: hellos.bare, libc: hellos.withLibrary };
  const sums = await compileGuest('sums');
  await using stack = new AsyncDisposableStack();
  const yardstick = stack.use(await startYardstick({ directory, signal }));
  const node = stack.use(await startFreehold({ directory, signal }));
  const nginx = programs && (await startNginx({ directory, programs }));
  if (nginx) stack.use(nginx);
  const lighttpd = programs && (await startLighttpd({ directory, programs }));
  if (lighttpd) stack.use(lighttpd);
  const workerd = await startWorkerd({ directory, module: sums });
  if (workerd) stack.use(workerd);

  const http = openHttpClient();
  const person = createPerson({ url: node.url, http });
  await person.signIn();
  const subjects: Served[] = [
    { name: 'node:http hello', url: yardstick.plain },
    { name: 'Fastify hello', url: yardstick.hello },
  ];
  if (workerd) subjects.push({ name: workerd.name, url: workerd.url });
  for (const [program, bytes] of Object.entries(programs ?? {})) {
    const suffix = program === 'libc' ? ', with libc' : '';
    const peers = [nginx, lighttpd].flatMap((peer) => (peer ? [{ name: `${peer.name}${suffix}`, url: peer.urlOf(program) }] : []));
    subjects.push(...peers);
    if (node.refusals.native === undefined)
      subjects.push({
        name: `native CGI hello${suffix}`,
        url: await person.offer({ program: bytes, name: program }),
        beside: peers.map(({ name }) => name),
      });
  }
  if (node.refusals.wasm === undefined) {
    const wasi = await person.offer({ program: await compileGuest('hello'), name: 'wasi' });
    const core = await person.offer({ program: sums, name: 'core' });
    const cached = await person.offer({ program: sums, name: 'cached', deterministic: true });
    subjects.push(
      { name: 'WASI hello', url: wasi, beside: ['Fastify hello'] },
      { name: 'core module', url: `${core}/add?a=6&b=7`, beside: ['workerd'] },
      { name: 'cached answer', url: `${cached}/add?a=6&b=7`, beside: ['Fastify hello'] },
    );
  }
  for (const { url } of subjects) expectStatus(await http.ask(url), 200);
  http.close();

  // What a server compiles as it runs is compiled, of all of them.
  for (const { url } of subjects) await load({ url, connections: 8, seconds });
  const books = subjects.map((subject) => ({ subject, loads: new Map<number, Load[]>(connections.map((count) => [count, []])) }));
  for (let round = 0; round < rounds; round++)
    for (const count of connections)
      for (const { subject, loads } of books) {
        signal.throwIfAborted();
        loads.get(count)?.push(await load({ url: subject.url, connections: count, seconds }));
      }

  const rates = (name: string, count: number) =>
    books
      .find(({ subject }) => subject.name === name)
      ?.loads.get(count)
      ?.map(({ rate }) => rate) ?? [];
  const all = books.flatMap(({ loads }) => [...loads.values()].flat());
  return {
    title: 'Functions served',
    columns: ['', ...connections.flatMap((count) => [`${count}: per s`, 'p50 µs']), 'requests per second of'],
    rows: books.map(({ subject: { name, beside = [] }, loads }) => [
      name,
      ...connections.flatMap((count) => {
        const these = loads.get(count) ?? [];
        return [median(these.map(({ rate }) => rate)), median(these.map(({ p50 }) => p50))];
      }),
      beside
        .filter((peer) => rates(peer, 1).length > 0)
        .map((peer) => `${peer} ${connections.map((count) => times(medianRatio(rates(name, count), rates(peer, count)))).join(' ')}`)
        .join('; ') || '–',
    ]),
    notes: [
      `At 1, 8 and 64 connections; medians of ${rounds} rounds of ${seconds} s, all servers in turn, after as long to warm up. ${all.reduce((sum, { errors }) => sum + errors, 0)} errors.`,
      hasWrk
        ? 'The client is wrk.'
        : 'The client is our own: install wrk (Debian), which takes less of the processors, for figures that flatter nobody.',
      'The hello of CGI is 10 instructions and no library; "with libc" it is as a C compiler makes it, and its start is most of the work of all three.',
      'The peers run the same program with no sandbox; workerd makes a new instance of the module for each request, as we do.',
      ...(nginx ? [] : ['nginx and fcgiwrap (Debian) or a C compiler are not here.']),
      ...(lighttpd ? [] : ['lighttpd (Debian) or a C compiler are not here.']),
      ...(workerd ? [] : [`workerd is not here: ${installWorkerd}`]),
      ...Object.entries(node.refusals).flatMap(([engine, refusal]) =>
        refusal === undefined ? [] : [`No ${engine} functions here: ${refusal}`],
      ),
    ],
  };
}

const wallMs = 200;
const greeter = `import { tool } from 'freehold:sdk';
export default tool({
  name: 'greeter',
  description: 'Greets a person by name',
  input: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] },
}).run(({ name }) => ({ greeting: 'Hello, ' + name + '!' }));
`;

/** What a sandbox costs once: a module that is new to it, one that never ends, one that waits. */
export async function computeEngines({ directory, signal }: Context): Promise<Table> {
  await using node = await startFreehold({ directory, signal });
  if (node.refusals.wasm !== undefined) throw new Error(`No WebAssembly here: ${node.refusals.wasm}`);
  const http = openHttpClient();
  const person = createPerson({ url: node.url, http });
  await person.signIn();
  const timed = async (url: string, status: number) => {
    const begun = performance.now();
    expectStatus(await http.ask(url), status);
    return performance.now() - begun;
  };

  const compiled: number[] = [];
  for (let round = 0; round < 5; round++) {
    signal.throwIfAborted();
    // A few bytes more each time, so that it is another module.
    const url = `${await person.offer({ program: largeModule(2.5 * mebibyte + round * 500), name: `large-${round}` })}/first`;
    const first = await timed(url, 200);
    const again = median([await timed(url, 200), await timed(url, 200), await timed(url, 200)]);
    compiled.push(first - again);
  }

  const stuck = await person.offer({ program: await compileGuest('sums'), name: 'stuck', limits: { wallMs } });
  const late: number[] = [];
  for (let round = 0; round < 10; round++) {
    signal.throwIfAborted();
    late.push((await timed(`${stuck}/spin`, 504)) - wallMs);
  }

  const warm: number[] = [];
  if (node.refusals.javascript === undefined) {
    const url = await person.offer({ program: Buffer.from(greeter), name: 'greeter', isTool: true });
    const body = Buffer.from('{"name":"Ada"}');
    for (let round = 0; round < 320; round++) {
      signal.throwIfAborted();
      const begun = performance.now();
      expectStatus(await http.ask(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body }), 200);
      if (round >= 20) warm.push(performance.now() - begun);
    }
  }
  http.close();

  // The hosts of what was stuck are still going.
  await sleep(1000);
  const hosts = processTree(node.pid).filter((pid) => nameOf(pid) === 'node');
  const memory = hosts.map((pid) => proportionalOf(pid) / mebibyte);
  return {
    title: 'Sandboxes',
    columns: ['', 'p50', 'worst', 'unit'],
    rows: [
      ['first call of a module of 2.5 MiB, beyond a later one', percentile(compiled, 0.5), Math.max(...compiled), 'ms'],
      [`a module that never ends, beyond its ${wallMs} ms`, percentile(late, 0.5), Math.max(...late), 'ms'],
      ...(warm.length > 0 ? [['a call of a warm JavaScript tool', percentile(warm, 0.5), percentile(warm, 0.99), 'ms'] as const] : []),
      [`memory of a host process, of ${hosts.length}`, median(memory), Math.max(...memory), 'MiB PSS'],
    ],
    notes: [
      'All but memory through HTTP, with everything that a call does. The worst of the calls is their 99th percentile.',
      ...(node.refusals.javascript === undefined ? [] : [`No JavaScript here: ${node.refusals.javascript}`]),
    ],
  };
}
