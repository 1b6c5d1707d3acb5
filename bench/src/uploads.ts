import type { Context } from './context.ts';
import { expectStatus, openHttpClient, type HttpClient } from './http.ts';
import { concurrency, measure, ratio, type Subject } from './measure.ts';
import { createPerson, type Person } from './person.ts';
import { startFreehold, startYardstick } from './servers.ts';
import { times, type Table } from './table.ts';

const rounds = 4;
const fileSize = 4096;
/** As many files as one request of Puter's SDK often holds. */
const filesAtOnce = 60;
let made = 0;

/** What it costs to take in small files, as Puter's SDK sends them: many or one in a request, and to signed URLs. */
export async function uploads({ directory, signal }: Context): Promise<Table> {
  await using yardstick = await startYardstick({ directory, signal });
  await using node = await startFreehold({ directory, signal });
  const http = openHttpClient({ connections: concurrency });
  const person = createPerson({ url: node.url, http });
  await person.signIn();
  const to = { url: node.url, http, person };

  const { pid } = node;
  const subjects: Subject[] = [
    {
      name: 'Fastify hello (yardstick)',
      sequential: 200,
      parallel: 1000,
      pid: yardstick.pid,
      once: async () => expectStatus(await http.ask(yardstick.hello), 200),
    },
    { name: `/batch with ${filesAtOnce} files`, sequential: 10, parallel: 16, pid, once: () => batch(to, filesAtOnce) },
    { name: '/batch with one file', sequential: 60, parallel: 240, pid, once: () => batch(to, 1) },
    { name: 'one file to a signed URL (3 requests)', sequential: 40, parallel: 160, pid, once: () => signed(to) },
  ];
  const measured = await measure(subjects, { rounds, signal });
  http.close();
  const [hello] = measured;
  const many = measured.find(({ name }) => name.startsWith(`/batch with ${filesAtOnce}`));
  return {
    title: `Uploads of ${fileSize} bytes`,
    columns: ['', 'p50 µs', 'p99 µs', 'of hello', `requests/s at ${concurrency}`, 'CPU µs, server'],
    rows: measured.map((one) => [one.name, one.p50, one.p99, times(ratio(one, hello)), one.rate, one.cpu.process]),
    notes: [
      `With ${filesAtOnce} files in a request, one of them takes ${Math.round((many?.cpu.process ?? 0) / filesAtOnce)} µs of the processor.`,
    ],
  };
}

type Target = { url: string; http: HttpClient; person: Person };

const content = (): string => String(made++).padStart(fileSize, 'x');

async function batch({ url, http, person }: Target, count: number): Promise<void> {
  const form = new FormData();
  const names = Array.from({ length: count }, () => `batch-${made++}`);
  for (const name of names) form.append('fileinfo', JSON.stringify({ name, type: 'text/plain', size: fileSize }));
  for (const name of names) form.append('operation', JSON.stringify({ op: 'write', path: `/${person.address}`, name }));
  for (const name of names) form.append('file', new File([content()], name));
  const encoded = new Response(form);
  const headers = { ...person.session(), 'content-type': encoded.headers.get('content-type') ?? '' };
  expectStatus(await http.ask(`${url}/batch`, { method: 'POST', headers, body: Buffer.from(await encoded.arrayBuffer()) }), 200);
}

async function signed({ url, http, person }: Target): Promise<void> {
  const headers = { ...person.session(), 'content-type': 'application/json' };
  const send = async (path: string, body: unknown) =>
    JSON.parse(expectStatus(await http.ask(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) }), 200).body.toString());
  const fileMetadata = { path: `/${person.address}/signed-${made++}`, size: fileSize, contentType: 'text/plain' };
  const [started] = await send('/fs/startBatchWrite', [{ fileMetadata }]);
  expectStatus(await http.ask(started.url, { method: 'PUT', headers: { 'content-type': 'text/plain' }, body: content() }), 200);
  await send('/fs/completeBatchWrite', [{ uploadId: started.sessionId }]);
}
