import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { defaultLimits } from '@freehold/protocol';
import { verifies } from '../../../../requirements/verifies.ts';
import type { Engine, Run } from '../engine.ts';
import { openNativeEngine } from '../engines/native.ts';
import { withoutCompiler } from '../testing/native/workshop.ts';
import { targetRefusal } from './network.ts';

const withoutPython = existsSync('/usr/bin/python3') ? withoutCompiler : 'no /usr/bin/python3 on this machine';

/** Connects to a path that follows `$FREEHOLD_NETWORK/`, says what is on standard input, and prints the answer or the error. */
const client = `#!/usr/bin/env python3
import os, socket, sys
for path in sys.argv[1:]:
    try:
        s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        s.connect(os.path.join(os.environ.get('FREEHOLD_NETWORK', '/programs'), path))
        s.sendall(b'hello'); s.shutdown(socket.SHUT_WR)
        answer = b''
        while piece := s.recv(65536): answer += piece
        print(path, len(answer), answer[:20].decode())
    except OSError as error:
        print(path, 'refused', error.strerror)
`;
/** Whatever else a socket could be used for. */
const attempts = `#!/usr/bin/env python3
import os, socket
there = os.environ['FREEHOLD_NETWORK']
def attempt(name, work):
    try:
        work()
        print(name, 'ESCAPED')
    except OSError as error:
        print(name, 'denied', error.strerror)
new = lambda family=socket.AF_UNIX, kind=socket.SOCK_STREAM: socket.socket(family, kind)
for family in (socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK, socket.AF_VSOCK): attempt(family.name, lambda: new(family))
attempt('datagram', lambda: new(kind=socket.SOCK_DGRAM))
attempt('packets', lambda: new(kind=socket.SOCK_SEQPACKET))
attempt('bind', lambda: new().bind(there + '/mine'))
attempt('bind abstract', lambda: new().bind('\\0mine'))
attempt('abstract', lambda: new().connect('\\0/tmp/.X11-unix/X0'))
attempt('docker', lambda: new().connect('/var/run/docker.sock'))
attempt('nobody named it', lambda: new().connect(there + '/example.com:80'))
attempt('list the grants', lambda: os.listdir(os.path.dirname(there)))
attempt('list its own', lambda: os.listdir(there))
attempt('remove', lambda: os.unlink(there + '/' + os.environ['ALLOWED']))
attempt('above', lambda: new().connect(there + '/../../../run/dbus/system_bus_socket'))
attempt('a neighbour', lambda: new().connect(os.environ['NEIGHBOUR']))
`;

describe('the network of native programs', { skip: withoutPython }, () => {
  let directory: string;
  let programsDirectory: string;
  let server: Server;
  let unnamed: Server;
  let target: string;
  let forbidden: string;
  let engine: Engine;
  const heard: string[] = [];
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'freehold-network-'));
    await chmod(directory, 0o755);
    programsDirectory = join(directory, 'a-data-directory-that-lies-deep-enough-to-be-longer-than-an-address-of-a-socket', 'programs');
    await mkdir(programsDirectory, { recursive: true });
    for (const [name, text] of Object.entries({ client, attempts })) await writeFile(join(programsDirectory, name), text, { mode: 0o755 });
    // Answers three megabytes once it has heard everything, so that both ways end in order and nothing is cut.
    const answering = () =>
      createServer({ allowHalfOpen: true }, (socket) => {
        socket.on('data', (chunk) => heard.push(chunk.toString())).on('end', () => socket.end(Buffer.alloc(3_000_000, 'x')));
        socket.on('error', () => undefined);
      });
    [server, unnamed] = [answering(), answering()];
    for (const one of [server, unnamed]) await new Promise<void>((done) => one.listen(0, '127.0.0.1', done));
    target = `localhost:${(server.address() as AddressInfo).port}`;
    forbidden = `localhost:${(unnamed.address() as AddressInfo).port}`;
    const cacheDirectory = join(directory, 'cache');
    engine = await openNativeEngine({ cacheDirectory, programsDirectory, slots: 4, log: () => {}, ownTargets: [target] });
    assert.ok(engine.state.available, JSON.stringify(engine.state));
  });
  after(async () => {
    await engine?.stop();
    server?.close();
    unnamed?.close();
    if (directory) await rm(directory, { recursive: true, force: true });
  });

  const run = (program: string, args: string[], more: Partial<Run> = {}) => {
    const limits = { ...defaultLimits, wallMs: 10_000 };
    const whole: Run = { program, kind: 'script', interpreter: 'python', entry: null, args, env: {}, limits, seed: undefined, ...more };
    return engine.run(whole, Buffer.alloc(0), {});
  };
  const nothingIsLeft = async () => assert.deepEqual(await readdir(join(programsDirectory, '.network')), []);

  test('a program reaches exactly the host and port that its offer names', async () => {
    verifies('compute.native.network');
    const { stdout, stderr } = await run('client', [target, forbidden], { network: [target] });
    assert.equal(
      stdout.toString(),
      `${target} 3000000 ${'x'.repeat(20)}\n${forbidden} refused No such file or directory\n`,
      stderr.toString(),
    );
    assert.deepEqual(heard.splice(0), ['hello']);
    await nothingIsLeft();
  });

  test('one that names none has no socket at all', async () => {
    verifies('compute.native.network');
    const { stdout } = await run('client', [target]);
    assert.equal(stdout.toString(), `${target} refused Address family not supported by protocol\n`);
  });

  test('a name that leads to a private network leads nowhere, unless the owner of the node has allowed that target', async () => {
    verifies('compute.native.network');
    const [, port] = forbidden.split(':');
    const private_ = [forbidden, `127.0.0.1:${port}`, `[::1]:${port}`, `[::ffff:127.0.0.1]:${port}`];
    const { stdout } = await run('client', private_, { network: private_ });
    assert.doesNotMatch(stdout.toString(), /3000000/);
    assert.match(stdout.toString(), /^(\S+ (0 |refused .*)\n){4}$/);
    assert.deepEqual(heard.splice(0), [], 'nobody was connected to');
  });

  test('a hostile guest with a network finds no other way out, and not the sockets of its neighbours', async () => {
    verifies('compute.native.network');
    const { stdout, stderr } = await run('attempts', [], {
      network: [target],
      env: { ALLOWED: target, NEIGHBOUR: `/programs/.network/${process.pid}-AAAAAAAAAAAAAAAA/${target}` },
    });
    const lines = stdout.toString().trim().split('\n');
    assert.equal(lines.length, 16, stderr.toString());
    for (const line of lines)
      assert.match(
        line,
        / denied (Address family not supported by protocol|Operation not permitted|No such file or directory|Permission denied|Read-only file system|Connection refused|Socket type not supported)$/,
      );
  });

  test('with the run end its connections, and nothing is left', async () => {
    verifies('compute.native.network');
    const waiting = `#!/usr/bin/env python3\nimport os, socket\nall = [socket.socket(socket.AF_UNIX) for _ in range(8)]\nfor s in all: s.connect(os.environ['FREEHOLD_NETWORK'] + '/${target}')\nall[0].recv(1)\n`;
    await writeFile(join(programsDirectory, 'waiting'), waiting, { mode: 0o755 });
    const { reason } = await run('waiting', [], { network: [target], limits: { ...defaultLimits, wallMs: 500 } });
    assert.equal(reason, 'wall');
    await nothingIsLeft();
    while (await new Promise<boolean>((done, fail) => server.getConnections((error, count) => (error ? fail(error) : done(count > 0)))))
      await new Promise((next) => setTimeout(next, 10));
  });

  test('sockets of a node that was killed are removed by the next one', async () => {
    const abandoned = join(programsDirectory, '.network', '99999999-abandoned');
    await mkdir(abandoned);
    const again = await openNativeEngine({
      cacheDirectory: join(directory, 'cache'),
      programsDirectory,
      slots: 1,
      log: () => {},
      ownTargets: [],
    });
    await again.stop();
    assert.ok(!existsSync(abandoned));
  });
});

test('a name that is too long for the address of a socket is refused in a sentence', () => {
  assert.equal(targetRefusal('api.example.com:443'), null);
  assert.match(targetRefusal(`${'a'.repeat(60)}.example.com:443`) ?? '', /at most 63 characters/);
});
