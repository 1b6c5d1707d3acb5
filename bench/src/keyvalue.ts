import type { Context } from './context.ts';
import { expectStatus, openHttpClient } from './http.ts';
import { concurrency, measure, ratio } from './measure.ts';
import { createPerson } from './person.ts';
import { startFreehold, startYardstick } from './servers.ts';
import { times, type Table } from './table.ts';

const rounds = 4;
const keys = 500;

/** What an app's calls of the key-value store cost, in Puter's dialect, beside a request that does nothing. */
export async function keyvalue({ directory, signal }: Context): Promise<Table> {
  await using yardstick = await startYardstick({ directory, signal });
  await using node = await startFreehold({ directory, signal });
  const http = openHttpClient({ connections: concurrency });
  const person = createPerson({ url: node.url, http });
  await person.signIn();
  const headers = { ...person.session(), 'content-type': 'application/json' };
  const body = JSON.stringify({ origin: 'https://bench.example' });
  const letIn = expectStatus(await http.ask(`${node.url}/api/apps`, { method: 'POST', headers, body }), 201);
  const { token }: { token: string } = JSON.parse(letIn.body.toString());

  let count = 0;
  /** As the SDK sends it: JSON that says it is text, with the token in it. */
  const call = (method: string, args: (key: string) => object) => async () => {
    const sent = JSON.stringify({ interface: 'puter-kvstore', method, args: args(`key-${count++ % keys}`), auth_token: token });
    const type = { 'content-type': 'text/plain;actually=json' };
    return expectStatus(await http.ask(`${node.url}/drivers/call`, { method: 'POST', headers: type, body: sent }), 200);
  };
  // Another value each time: SQLite does not write what is there already.
  const set = call('set', (key) => ({ key, value: { text: 'x'.repeat(200), count } }));
  for (let index = 0; index < keys; index++) await set();

  const counts = { sequential: 200, parallel: 1000, pid: node.pid };
  const measured = await measure(
    [
      {
        ...counts,
        pid: yardstick.pid,
        name: 'Fastify hello (yardstick)',
        once: async () => expectStatus(await http.ask(yardstick.hello), 200),
      },
      { ...counts, name: 'get', once: call('get', (key) => ({ key })) },
      { ...counts, name: 'set, 230 bytes', once: set },
      { ...counts, name: 'incr, one key', once: call('incr', () => ({ key: 'counter' })) },
      { ...counts, name: 'list, a page of 100 keys', once: call('list', () => ({ as: 'keys', limit: 100 })) },
    ],
    { rounds, signal },
  );
  http.close();
  const [hello] = measured;
  return {
    title: 'Key-value store',
    columns: ['', 'p50 µs', 'p99 µs', 'of hello', `calls/s at ${concurrency}`, 'CPU µs, server'],
    rows: measured.map((one) => [one.name, one.p50, one.p99, times(ratio(one, hello)), one.rate, one.cpu.process]),
    notes: [
      'A write is answered after its flush to the disk; many at once share one. Puter on the machine of the facts: 8400 µs of CPU a set, 8700 a get.',
    ],
  };
}
