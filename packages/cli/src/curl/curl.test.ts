import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openPaidServer, sha256 } from '../testing/paid-server.ts';
import { openTestDir, runCommand } from '../testing/run-command.ts';

const key = `0x${'11'.repeat(32)}`;
test('free and paid', async (t) => {
  const dir = openTestDir(t);
  const { origin, seen } = await openPaidServer(t);
  let r = await runCommand(['curl', '-s', `${origin}/x`], { dir });
  console.log(r);
  r = await runCommand(['curl', '-s', '--trace-pay', '--key', key, `${origin}/paid`], { dir });
  console.log(r);
  r = await runCommand(['curl', '-s', '--trace-pay', '--key', key, '-d', '@-', '-o', 'out', `${origin}/paid`], { dir, stdin: 'hello' });
  console.log(r, seen.map(({method,path,paid,body})=>[method,path,paid,body.length]));
});
