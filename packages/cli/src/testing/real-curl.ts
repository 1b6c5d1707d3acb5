import { execFile, execFileSync } from 'node:child_process';

/** Why a test that needs curl cannot run, or false: what `test(name, { skip })` takes. */
export const curlMissing: string | false = (() => {
  try {
    execFileSync('curl', ['--version'], { stdio: 'ignore' });
    return false;
  } catch {
    return 'curl is not installed on this machine';
  }
})();

export type CurlResult = { code: number; stdout: Buffer; stderr: string };

/** curl itself, as the yardstick. */
export function realCurl(args: string[], { cwd, stdin = '' }: { cwd: string; stdin?: string | Buffer }): Promise<CurlResult> {
  const { promise, resolve } = Promise.withResolvers<CurlResult>();
  const child = execFile('curl', args, { cwd, encoding: 'buffer' }, (error, stdout, stderr) => {
    resolve({ code: error ? Number(error.code) : 0, stdout, stderr: stderr.toString() });
  });
  child.stdin?.on('error', () => undefined).end(stdin);
  return promise;
}
