import { spawnSync } from 'node:child_process';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { answering, freePort, startProgram, type Peer } from './process.ts';

const isHere = (command: string) => spawnSync('sh', ['-c', `command -v ${command}`], { env: searchPath, stdio: 'ignore' }).status === 0;
/** Debian keeps servers where an ordinary user does not look. */
const searchPath = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` };
const find = (command: string) => spawnSync('sh', ['-c', `command -v ${command}`], { env: searchPath, encoding: 'utf8' }).stdout.trim();

/** A peer that serves programs by their names. */
export type CgiPeer = Peer & { urlOf: (program: string) => string };
type Setup = { directory: string; programs: Readonly<Record<string, Uint8Array>> };

/** nginx in front of fcgiwrap, which runs the program eight at a time; undefined where they are not installed. */
export async function startNginx({ directory, programs }: Setup): Promise<CgiPeer | undefined> {
  if (!isHere('nginx') || !isHere('fcgiwrap')) return undefined;
  const home = join(directory, 'nginx');
  await place(home, programs);
  const locations = Object.keys(programs).map(
    (name) => `location /${name}.cgi { fastcgi_pass programs; fastcgi_param SCRIPT_FILENAME ${join(home, `${name}.cgi`)};
      fastcgi_param REQUEST_METHOD $request_method; fastcgi_param QUERY_STRING $query_string;
      fastcgi_param SERVER_PROTOCOL $server_protocol; fastcgi_param GATEWAY_INTERFACE CGI/1.1; }`,
  );
  const port = await freePort();
  const socket = join(home, 'fcgi.sock');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${home}/${name};`).join(' ');
  await writeFile(
    join(home, 'nginx.conf'),
    `daemon off; ${process.getuid?.() === 0 ? 'user root;' : ''} worker_processes auto; pid ${home}/pid; error_log ${home}/error.log;
events { worker_connections 256; }
http { access_log off; keepalive_requests 1000000000; ${temporary}
  upstream programs { server unix:${socket}; }
  server { listen 127.0.0.1:${port};
    ${locations.join('\n    ')} } }
`,
  );
  const wrap = startProgram(find('fcgiwrap'), ['-c', '8', '-s', `unix:${socket}`], join(home, 'fcgiwrap.log'));
  const server = startProgram(find('nginx'), ['-c', join(home, 'nginx.conf')], join(home, 'log'));
  return ready({
    name: 'nginx + fcgiwrap',
    url: `http://127.0.0.1:${port}`,
    programs,
    pid: server.child.pid ?? 0,
    stop: async () => void (await Promise.all([server.stop(), wrap.stop()])),
  });
}

/** lighttpd with mod_cgi; undefined where it is not installed. */
export async function startLighttpd({ directory, programs }: Setup): Promise<CgiPeer | undefined> {
  if (!isHere('lighttpd')) return undefined;
  const home = join(directory, 'lighttpd');
  await place(home, programs);
  const port = await freePort();
  await writeFile(
    join(home, 'lighttpd.conf'),
    `server.document-root = "${home}"
server.bind = "127.0.0.1"
server.port = ${port}
server.errorlog = "${home}/error.log"
server.max-keep-alive-requests = 65535
server.modules = ("mod_cgi")
cgi.assign = (".cgi" => "")
`,
  );
  const server = startProgram(find('lighttpd'), ['-D', '-f', join(home, 'lighttpd.conf')], join(home, 'log'));
  return ready({ name: 'lighttpd mod_cgi', url: `http://127.0.0.1:${port}`, programs, pid: server.child.pid ?? 0, stop: server.stop });
}

async function place(home: string, programs: Setup['programs']): Promise<void> {
  await mkdir(home);
  for (const [name, program] of Object.entries(programs)) {
    const script = join(home, `${name}.cgi`);
    await writeFile(script, program);
    await chmod(script, 0o755);
  }
}

async function ready({
  stop,
  programs,
  ...peer
}: Pick<Peer, 'name' | 'url' | 'pid'> & Pick<Setup, 'programs'> & { stop: () => Promise<void> }): Promise<CgiPeer> {
  const urlOf = (program: string) => `${peer.url}/${program}.cgi`;
  try {
    for (const name of Object.keys(programs)) await answering(urlOf(name));
  } catch (error) {
    await stop();
    throw error;
  }
  return { ...peer, urlOf, [Symbol.asyncDispose]: stop };
}
