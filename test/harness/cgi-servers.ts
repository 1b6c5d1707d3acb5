import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { answering, freePort, startProgram } from '../../bench/src/peers/process.ts';
import { whereIs } from './judges.ts';

/** A server that runs the program at `url`, as its makers meant it to be set up. */
export type CgiServer = { name: string; url: string; stop: () => Promise<void> };

/** As little as a service of a machine gets: some of them hand it on to programs. */
const bare = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' };

/** nginx, lighttpd and Apache, each with the program as `/case.cgi`. They end with `stop`. */
export async function startCgiServers({ directory, program }: { directory: string; program: string }): Promise<CgiServer[]> {
  // Apache does not run programs as root.
  chmodSync(directory, 0o755);
  const started: CgiServer[] = [];
  try {
    for (const start of [startNginx, startLighttpd, startApache]) started.push(await start(directory, program));
  } catch (error) {
    await Promise.all(started.map(({ stop }) => stop()));
    throw error;
  }
  return started;
}

async function startNginx(directory: string, program: string): Promise<CgiServer> {
  const home = settle(directory, 'nginx', program);
  const port = await freePort();
  const socket = join(home, 'fcgi.sock');
  const folders = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${home}/${name};`).join(' ');
  // The variables are those of Debian's /etc/nginx/fastcgi_params.
  const variables = {
    QUERY_STRING: '$query_string',
    REQUEST_METHOD: '$request_method',
    CONTENT_TYPE: '$content_type',
    CONTENT_LENGTH: '$content_length',
    SCRIPT_NAME: '$fastcgi_script_name',
    REQUEST_URI: '$request_uri',
    DOCUMENT_URI: '$document_uri',
    DOCUMENT_ROOT: '$document_root',
    SERVER_PROTOCOL: '$server_protocol',
    REQUEST_SCHEME: '$scheme',
    GATEWAY_INTERFACE: 'CGI/1.1',
    SERVER_SOFTWARE: 'nginx/$nginx_version',
    REMOTE_ADDR: '$remote_addr',
    REMOTE_PORT: '$remote_port',
    SERVER_ADDR: '$server_addr',
    SERVER_PORT: '$server_port',
    SERVER_NAME: '$server_name',
    SCRIPT_FILENAME: '$document_root$fastcgi_script_name',
    PATH_INFO: '$fastcgi_path_info',
  };
  writeFileSync(
    join(home, 'nginx.conf'),
    `daemon off; ${process.getuid?.() === 0 ? 'user root;' : ''} worker_processes 1; pid ${home}/pid; error_log ${home}/error.log;
events { worker_connections 64; }
http { access_log off; client_max_body_size 64m; ${folders}
  server { listen 127.0.0.1:${port}; root ${home};
    location ~ ^/case\\.cgi(/|$) { gzip off; fastcgi_split_path_info ^(/case\\.cgi)(.*)$; fastcgi_pass unix:${socket};
      ${Object.entries(variables)
        .map(([name, value]) => `fastcgi_param ${name} ${value};`)
        .join('\n      ')} } } }
`,
  );
  const wrap = startProgram(whereIs('fcgiwrap'), ['-s', `unix:${socket}`], join(home, 'fcgiwrap.log'), bare);
  const server = startProgram(whereIs('nginx'), ['-c', join(home, 'nginx.conf')], join(home, 'log'), bare);
  return ready({ name: 'nginx', port, stop: async () => void (await Promise.all([server.stop(), wrap.stop()])) });
}

async function startLighttpd(directory: string, program: string): Promise<CgiServer> {
  const home = settle(directory, 'lighttpd', program);
  const port = await freePort();
  writeFileSync(
    join(home, 'lighttpd.conf'),
    `server.document-root = "${home}"
server.bind = "127.0.0.1"
server.port = ${port}
server.errorlog = "${home}/error.log"
server.upload-dirs = ("${home}")
server.modules = ("mod_cgi")
cgi.assign = (".cgi" => "")
`,
  );
  const server = startProgram(whereIs('lighttpd'), ['-D', '-f', join(home, 'lighttpd.conf')], join(home, 'log'), bare);
  return ready({ name: 'lighttpd', port, stop: server.stop });
}

async function startApache(directory: string, program: string): Promise<CgiServer> {
  const home = settle(directory, 'apache', program);
  const port = await freePort();
  const modules = ['mpm_event', 'authz_core', 'alias', 'cgid'].map(
    (name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`,
  );
  writeFileSync(
    join(home, 'apache.conf'),
    `ServerRoot ${home}
ServerName localhost
Listen 127.0.0.1:${port}
DefaultRuntimeDir ${home}
PidFile ${home}/pid
ErrorLog ${home}/error.log
${modules.join('\n')}
${process.getuid?.() === 0 ? 'User nobody\nGroup nogroup' : ''}
ScriptSock ${home}/cgid.sock
ScriptAlias /case.cgi ${home}/case.cgi
<Directory ${home}>
  Require all granted
</Directory>
`,
  );
  const server = startProgram(whereIs('apache2'), ['-D', 'FOREGROUND', '-f', join(home, 'apache.conf')], join(home, 'log'), bare);
  return ready({ name: 'apache', port, stop: server.stop });
}

function settle(directory: string, name: string, program: string): string {
  const home = join(directory, name);
  mkdirSync(home);
  copyFileSync(program, join(home, 'case.cgi'));
  chmodSync(join(home, 'case.cgi'), 0o755);
  return home;
}

async function ready({ name, port, stop }: { name: string; port: number; stop: () => Promise<void> }): Promise<CgiServer> {
  const url = `http://127.0.0.1:${port}/case.cgi`;
  try {
    await answering(`${url}/hello`);
  } catch (error) {
    await stop();
    throw error;
  }
  return { name, url, stop };
}
