import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultLimits } from '@freehold/protocol';
import { verifies } from '../../../../requirements/verifies.ts';
import type { Engine, Run, RunResult } from '../engine.ts';
import { performCgi, type CgiWork } from './perform.ts';

const nothing = Buffer.alloc(0);
const ended: RunResult = {
  reason: 'exit',
  exitCode: 0,
  message: null,
  wallUs: 1000,
  cpuUs: 400,
  maxRssBytes: 10,
  stdout: nothing,
  stderr: nothing,
};

/** A program as a function of its PATH_INFO: the pieces that it writes, and how it ends. */
type Program = (path: string, run: Run) => { pieces: string[]; ends?: Partial<RunResult> };

/** Runs it as an engine does: output goes to the callback, or is collected; a stopped run ends as killed. */
function engineOf(program: Program) {
  const runs: Run[] = [];
  const execute: Engine['run'] = async (run, _input, { signal, onStdout }) => {
    runs.push(run);
    const { pieces, ends } = program(run.env['PATH_INFO'] ?? '', run);
    const written: Buffer[] = [];
    for (const piece of pieces) {
      if (signal?.aborted) return { ...ended, reason: 'killed', exitCode: null };
      if (onStdout) await onStdout(Buffer.from(piece));
      else written.push(Buffer.from(piece));
    }
    if (signal?.aborted) return { ...ended, reason: 'killed', exitCode: null };
    return { ...ended, stdout: Buffer.concat(written), ...ends };
  };
  return { execute, runs };
}

function work(program: Program, given: Partial<CgiWork> = {}) {
  const { execute, runs } = engineOf(program);
  const taken: { head?: unknown; body: string } = { body: '' };
  const sink = {
    head: (head: unknown) => void (taken.head = head),
    body: (chunk: Buffer) => void (taken.body += chunk.toString()),
  };
  const run: Run = {
    program: 'p',
    kind: 'native',
    entry: null,
    args: [],
    env: { PATH_INFO: '/start' },
    limits: defaultLimits,
    seed: undefined,
  };
  const common: CgiWork = {
    execute,
    run,
    input: Buffer.from('the body'),
    scriptNames: ['/id.cgi', '/name.cgi'],
    redirected: ({ path, query }) => ({ env: { PATH_INFO: path, QUERY_STRING: query }, input: nothing }),
    ...given,
  };
  return { perform: (streams: boolean) => performCgi({ ...common, ...(streams && { sink }) }), runs, taken };
}

const hello = ['Content-Type: text/plain\n', '\nhel', 'lo\n'];

for (const streams of [false, true]) {
  const how = streams ? 'streamed' : 'whole';

  test(`an answer (${how})`, async () => {
    const { perform, taken } = work(() => ({ pieces: hello }));
    const { result, response, sent } = await perform(streams);
    assert.equal(response?.status, 200);
    assert.equal(streams ? taken.body : response?.body.toString(), 'hello\n');
    // Small outputs are kept for the history, streamed or not.
    assert.equal(result.stdout.toString(), hello.join(''));
    assert.equal(sent?.isWhole, streams ? true : undefined);
  });

  test(`a program that sends the call on is run for its other path, within what is left of the limits (${how})`, async () => {
    verifies('compute.cgi.redirect');
    const { perform, runs, taken } = work((path) => ({
      pieces: path === '/start' ? ['Location: /name.cgi/next?x=1#part\nX: 1\n\nignored'] : hello,
    }));
    const { result, response } = await perform(streams);
    assert.equal(streams ? taken.body : response?.body.toString(), 'hello\n');
    assert.deepEqual(
      runs.map(({ env }) => env),
      [{ PATH_INFO: '/start' }, { PATH_INFO: '/next', QUERY_STRING: 'x=1' }],
    );
    assert.deepEqual([runs[1]?.limits.wallMs, runs[1]?.limits.cpuMs], [defaultLimits.wallMs - 1, defaultLimits.cpuMs - 1]);
    assert.deepEqual([result.wallUs, result.cpuUs], [2000, 800]);
  });

  test(`only its own paths, at most three times, and only while the limits last (${how})`, async () => {
    verifies('compute.cgi.redirect');
    for (const location of ['/name.cgix', '/other.cgi/x', '//id.cgi/x', 'id.cgi/x', '/']) {
      const { perform, runs, taken } = work(() => ({ pieces: [`Location: ${location}\n\n`] }));
      const { response } = await perform(streams);
      assert.deepEqual([response?.status, runs.length], [302, 1], location);
      assert.equal(taken.head !== undefined, streams);
    }
    const round = work(() => ({ pieces: ['Location: /id.cgi\n\n'] }));
    const { result } = await round.perform(streams);
    assert.deepEqual([result.reason, round.runs.length], ['invalid', 4]);
    assert.equal(round.taken.head, undefined);
    const slow = work(() => ({ pieces: ['Location: /id.cgi\n\n'], ends: { wallUs: defaultLimits.wallMs * 1000 } }));
    assert.equal((await slow.perform(streams)).result.reason, 'wall');
    assert.equal(slow.runs.length, 1);
    const withStatus = work(() => ({ pieces: ['Status: 303\nLocation: /id.cgi\n\n'] }));
    assert.equal((await withStatus.perform(streams)).response?.status, 303);
  });

  test(`what is no CGI fails with the reason; an error code keeps a good answer, and only that (${how})`, async () => {
    verifies('compute.cgi.errors');
    const wrong = await work(() => ({ pieces: ['no header\n', '\n'] })).perform(streams);
    assert.deepEqual([wrong.result.reason, wrong.response], ['invalid', undefined]);
    assert.match(wrong.result.message ?? '', /a line that is no header/);
    assert.equal((await work(() => ({ pieces: [] })).perform(streams)).result.message, 'The program wrote nothing.');
    const code = { exitCode: 7 };
    const answered = await work(() => ({ pieces: hello, ends: code })).perform(streams);
    assert.deepEqual([answered.response?.status, answered.result.exitCode], [200, 7]);
    const silent = await work(() => ({ pieces: ['oh no\n'], ends: code })).perform(streams);
    assert.deepEqual([silent.result.reason, silent.result.exitCode, silent.response], ['exit', 7, undefined]);
    const cut = await work(() => ({ pieces: hello, ends: { reason: 'cpu', exitCode: null } })).perform(streams);
    assert.deepEqual([cut.result.reason, cut.response], ['cpu', undefined]);
  });
}

test('a streamed answer that breaks the rules is stopped; a large one is hashed and not kept', async () => {
  verifies('compute.cgi.streaming');
  const wrong = work(() => ({ pieces: ['no header\n\n', 'more', 'and more'] }));
  assert.equal((await wrong.perform(true)).result.reason, 'invalid');
  const large = work(() => ({ pieces: ['A: 1\n\n', ...Array.from({ length: 20 }, () => 'x'.repeat(10_000))] }));
  const { result, sent } = await large.perform(true);
  assert.deepEqual([result.stdout.length, sent?.isWhole, large.taken.body.length], [0, false, 200_000]);
  assert.match(sent?.sha256 ?? '', /^[0-9a-f]{64}$/);
});

test('204 and 304 have no body; a caller who goes away stops the run', async () => {
  for (const status of [204, 304]) {
    const { perform, taken } = work(() => ({ pieces: [`Status: ${status}\n\n`, 'body'] }));
    assert.equal((await perform(true)).response?.status, status);
    assert.equal(taken.body, '');
  }
  const gone = new AbortController();
  gone.abort();
  assert.equal((await work(() => ({ pieces: hello }), { signal: gone.signal }).perform(true)).result.reason, 'killed');
});
