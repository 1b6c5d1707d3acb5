import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { toAddress } from '@freehold/protocol';
import { createPublicClient, http } from 'viem';
import { compileContracts, readCommitted } from './compile.ts';
import { balanceOf, openLocalChain, type LocalChain } from './index.ts';
import { verifies } from '../../../requirements/verifies.ts';

const root = mkdtempSync(join(tmpdir(), 'freehold-chain-'));
after(() => rmSync(root, { recursive: true, force: true }));
const holder = toAddress('0x00000000000000000000000000000000000000aa');
const log = () => undefined;

async function open(directory: string, port?: number): Promise<LocalChain> {
  const chain = await openLocalChain({ directory, log, ...(port === undefined ? {} : { port }) });
  assert(chain.kind === 'running', 'this machine has no anvil');
  return chain;
}
const balance = ({ rpcUrl, token }: LocalChain) =>
  balanceOf(createPublicClient({ transport: http(rpcUrl) }), { asset: token.asset, holder });

test('compiling the sources gives exactly the committed artifacts and bindings', () => {
  verifies('payments.contracts.bindings');
  for (const [file, text] of Object.entries(compileContracts())) {
    assert.equal(readCommitted(file), text, `${file} is not what the sources say. Run: node packages/contracts/src/compile.ts`);
  }
});

test('balances survive a stop and a start, also after a start whose chain was killed', async () => {
  const directory = join(root, 'restart');
  const first = await open(directory);
  await first.fund(holder, 1_500_000n);
  assert.equal(await balance(first), 1_500_000n);
  await first.stop();
  await assert.rejects(balance(first), 'the chain must be gone after stop');

  const second = await open(directory);
  assert.equal(second.isAttached, false);
  assert.equal(await balance(second), 1_500_000n);
  await second.fund(holder, 1n);
  await second.stop();

  const third = await open(directory);
  assert.equal(await balance(third), 1_500_001n);
  await third.stop();
});

test('the chain outlives kill -9 of its node, and the next start takes it over with nothing lost', async () => {
  const directory = join(root, 'crash');
  const program = `
    import { openLocalChain } from ${JSON.stringify(new URL('./index.ts', import.meta.url).href)};
    const chain = await openLocalChain({ directory: ${JSON.stringify(directory)}, log() {} });
    await chain.fund(${JSON.stringify(holder)}, 7n);
    process.stdout.write(chain.rpcUrl);
    setInterval(() => {}, 1000);`;
  const node = spawn(process.execPath, ['--input-type=module', '--eval', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [rpcUrl] = await once(node.stdout, 'data');
  node.kill('SIGKILL');
  await once(node, 'exit');

  const chain = await open(directory);
  assert.equal(chain.isAttached, true);
  assert.equal(chain.rpcUrl, String(rpcUrl));
  assert.equal(await balance(chain), 7n);
  await chain.stop();
  const again = await open(directory);
  assert.equal(again.isAttached, false);
  assert.equal(await balance(again), 7n);
  await again.stop();
});

test('a chain that dies while its node lives comes back with its balances', async () => {
  const directory = join(root, 'revived');
  const chain = await open(directory);
  await chain.fund(holder, 700n);
  await chain.save();
  const { pid } = JSON.parse(readFileSync(join(directory, 'process.json'), 'utf8'));
  process.kill(pid, 'SIGKILL');
  let amount: bigint | undefined;
  for (let attempt = 0; attempt < 100 && amount === undefined; attempt++) {
    await sleep(200);
    amount = await balance(chain).catch(() => undefined);
  }
  assert.equal(amount, 700n);
  await chain.stop();
  await assert.rejects(balance(chain), 'the chain must be gone after stop');
});

test('a chain whose directory is removed still ends with its node', async () => {
  const directory = join(root, 'removed');
  const chain = await open(directory);
  rmSync(directory, { recursive: true });
  await chain.stop();
  await assert.rejects(balance(chain), 'the chain must be gone after stop');
});

test('a process record that names somebody else is not believed, and that process is left alone', async () => {
  const directory = join(root, 'stale');
  const first = await open(directory);
  await first.stop();
  const stranger = spawn(process.execPath, ['--eval', 'setInterval(() => {}, 1000)']);
  writeFileSync(join(directory, 'process.json'), JSON.stringify({ pid: stranger.pid, port: 1 }));
  const second = await open(directory);
  assert.equal(second.isAttached, false);
  await second.stop();
  assert.equal(stranger.exitCode, null);
  assert.equal(stranger.signalCode, null);
  stranger.kill('SIGKILL');
});

test('a port in use and a damaged state file are told in a sentence', async () => {
  const first = await open(join(root, 'port'));
  await assert.rejects(open(join(root, 'port-2'), Number(new URL(first.rpcUrl).port)), {
    code: 'chain_failed',
    message: /cannot listen on port/,
  });
  await first.stop();
  writeFileSync(join(root, 'port', 'state.hex'), '0xnonsense');
  await assert.rejects(open(join(root, 'port')), { code: 'chain_failed', message: /Move .*state\.hex away/ });
});
