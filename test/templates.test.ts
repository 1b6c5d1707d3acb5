import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { verifies } from '../requirements/verifies.ts';
import { freehold, hasCurl, root, startNodeProcess, temporaryDirectory, type NodeProcess } from './harness/node-process.ts';

const has = (command: string) => spawnSync(command, ['--version']).error === undefined;

/** The languages, and why one cannot be tried on this machine. */
const languages: Record<string, () => string | false> = {
  ts: () => false,
  assemblyscript: () => false,
  c: () => (has('cc') ? false : 'there is no C compiler here (apt install gcc libc6-dev)'),
  rust: () => (has('cargo') ? false : 'there is no Rust here (cargo)'),
  python: () => (has('python3') ? false : 'there is no Python here (python3)'),
  sh: () => false,
};

const place = temporaryDirectory();
const env = {
  ...process.env,
  PATH: [join(place.path, 'bin'), join(root, 'node_modules/.bin'), process.env['PATH']].join(delimiter),
  XDG_CONFIG_HOME: join(place.path, 'config'),
  NODE_TEST_CONTEXT: undefined,
};
let node: NodeProcess;

before(async () => {
  node = await startNodeProcess(join(place.path, 'data'));
  mkdirSync(join(place.path, 'bin'));
  symlinkSync(join(root, 'freehold'), join(place.path, 'bin/freehold'));
  const made = freehold(['key', 'new', '--out', join(place.path, 'config/freehold/key')], { node: node.url });
  assert.equal(made.code, 0, made.stderr);
});
after(async () => {
  await node?.stop();
  place.remove();
});

/** The commands of the README of a project, as a person would type them. */
const commandsOf = (directory: string) =>
  [...readFileSync(join(directory, 'README.md'), 'utf8').matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(([, block = '']) =>
    block.trim().split('\n'),
  );

describe('what freehold new makes', { skip: hasCurl() ? false : 'curl is not installed (apt install curl)' }, () => {
  for (const [language, missing] of Object.entries(languages)) {
    for (const [kind, answer] of Object.entries({ tool: '{"greeting":"Hello, Ada!"}', handler: 'Hello, Ada!' })) {
      test(`a ${kind} in ${language}: made, tested, built, published and called as its README says`, { skip: missing() }, () => {
        verifies('compute.templates');
        const directory = join(place.path, `${language}-${kind}`);
        const made = freehold(['new', kind, directory, '--lang', language], { node: node.url });
        assert.equal(made.code, 0, made.stderr);
        // Stands for `npm install`, which would ask the registry.
        if (language === 'assemblyscript') symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'));
        const commands = commandsOf(directory);
        assert.ok(commands.length >= 3, commands.join('\n'));
        let last = '';
        for (const command of commands) {
          const { status, stdout, stderr } = spawnSync('bash', ['-c', command.replace('http://localhost:4200', node.url)], {
            cwd: directory,
            encoding: 'utf8',
            env: { ...env, FREEHOLD_NODE: node.url },
            timeout: 120_000,
          });
          assert.equal(status, 0, `${command}\n${stdout}${stderr}`);
          last = stdout;
        }
        assert.equal(last.trim(), answer);
      });
    }
  }
});

test('freehold new overwrites nothing, and says what can be made', () => {
  verifies('compute.templates');
  const directory = join(place.path, 'full');
  mkdirSync(directory);
  assert.equal(freehold(['new', 'tool', directory], { node: node.url }).code, 0);
  const again = freehold(['new', 'tool', directory], { node: node.url });
  assert.deepEqual([again.code, /is not empty/.test(again.stderr)], [1, true]);
  for (const [args, said] of [
    [['new', 'robot', join(place.path, 'x')], /choose tool or handler/],
    [['new', 'tool', join(place.path, 'x'), '--lang', 'cobol'], /choose ts, assemblyscript, c, rust, python, sh/],
    [['new', 'tool', join(place.path, 'Not A Name')], /must be of a to z/],
  ] as const) {
    const { code, stderr } = freehold(args, { node: node.url });
    assert.equal(code, 2);
    assert.match(stderr, said);
  }
  assert.equal(existsSync(join(place.path, 'x')), false);
});
