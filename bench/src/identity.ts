import type { Context } from './context.ts';
import { expectStatus, openHttpClient } from './http.ts';
import { createPerson } from './person.ts';
import { startFreehold } from './servers.ts';
import { percentile } from './statistics.ts';
import type { Table } from './table.ts';

const people = 10_000;
/** As many as the limit of signatures a minute lets through, with room. */
const signatures = 100;
const signIns = 200;

/** What seed 000 wants to be quick: signing up, signing, the list of everybody; and signing in. With the development key service. */
export async function identity({ directory, signal }: Context): Promise<Table> {
  await using node = await startFreehold({ directory, environment: { FREEHOLD_DSTACK: 'stand-in' }, signal });
  const http = openHttpClient();
  const owner = createPerson({ url: node.url, http });
  await owner.signIn();
  const headers = { ...owner.session(), 'content-type': 'application/json' };
  const post = async (path: string, body: object, status: number) =>
    expectStatus(await http.ask(`${node.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) }), status);
  let count = 0;
  const signUp = () => {
    const name = `person-${count++}`;
    return post('/api/signup', { email: `${name}@example.com`, userId: name }, 201);
  };

  const signedUp = await times(200, signUp, signal);
  const signed = await times(signatures, () => post('/api/users/me/sign', { message: `message ${count++}` }, 200), signal);
  for (let made = 200; made < people; made += 8) {
    signal.throwIfAborted();
    await Promise.all(Array.from({ length: 8 }, signUp));
  }
  const listed = await times(30, async () => expectStatus(await http.ask(`${node.url}/api/admin/users`, { headers }), 200), signal);
  const paged = await times(
    100,
    async () => expectStatus(await http.ask(`${node.url}/api/admin/users?limit=50&after=5000`, { headers }), 200),
    signal,
  );
  const each = await times(50, () => owner.signIn(), signal);
  const begun = performance.now();
  for (let done = 0; done < signIns; done += 8) await Promise.all(Array.from({ length: 8 }, () => owner.signIn()));
  const rate = signIns / ((performance.now() - begun) / 1000);
  http.close();

  const row = (name: string, all: readonly number[], target: string) => [name, percentile(all, 0.5), percentile(all, 0.95), target];
  return {
    title: 'Identity',
    columns: ['', 'p50 ms', 'p95 ms', 'seed 000 wants, p95'],
    rows: [
      row('sign-up to wallet', signedUp, '1000 ms'),
      row('sign a message', signed, '50 ms'),
      row(`list of ${people} people`, listed, '200 ms'),
      row('a page of 50 of them', paged, '–'),
      row('sign-in: challenge and login', each, '–'),
    ],
    notes: [
      `${Math.round(rate)} sign-ins a second, eight at a time; the wallet’s own signature is part of the time.`,
      'Over HTTP, one at a time but for that. The key service is the stand-in, in a process of its own: NOT A TEE.',
    ],
  };
}

/** Milliseconds of each. */
async function times(count: number, work: () => Promise<unknown>, signal: AbortSignal): Promise<number[]> {
  const took: number[] = [];
  for (let index = 0; index < count; index++) {
    signal.throwIfAborted();
    const begun = performance.now();
    await work();
    took.push(performance.now() - begun);
  }
  return took;
}
