import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { toAddress } from '@freehold/protocol';
import { createPublicClient, encodeDeployData, http, numberToHex, parseEther, type Hex } from 'viem';
import { generatePrivateKey, privateKeyToAddress } from 'viem/accounts';
import book from '../addresses.json' with { type: 'json' };
import artifacts from '../artifacts/TestUSDC.json' with { type: 'json' };
import { anvilBinary, spawnAnvil } from './anvil.ts';
import { create2Factory, deploymentsFor, wellKnown } from './deployments.ts';
import { deployContracts } from './deploy.ts';
import { localContracts, localToken, presentContracts, testUSDCAbi } from './index.ts';
import { sendAsOperator, type Request } from './operator.ts';
import { verifies } from '../../../requirements/verifies.ts';

const root = mkdtempSync(join(tmpdir(), 'freehold-deploy-'));
after(() => rmSync(root, { recursive: true, force: true }));

/** A chain with nothing on it but the token, and somebody with ether. */
async function emptyChain(name: string) {
  const binary = anvilBinary();
  assert(binary, 'this machine has no anvil');
  const directory = join(root, name);
  mkdirSync(directory);
  const anvil = await spawnAnvil({ binary, directory: realpathSync(directory), log: () => undefined });
  const rpcUrl = `http://127.0.0.1:${anvil.port}`;
  const transport = http(rpcUrl)({});
  const request: Request = (method, params) => transport.request({ method, params });
  await sendAsOperator(request, { data: encodeDeployData({ abi: testUSDCAbi, bytecode: artifacts.TestUSDC.bytecode as Hex }) });
  const key = generatePrivateKey();
  await request('anvil_setBalance', [privateKeyToAddress(key), numberToHex(parseEther('1'))]);
  return { anvil, rpcUrl, request, key, client: createPublicClient({ transport: http(rpcUrl), cacheTime: 0 }) };
}

test('the addresses of ours in the address book are those that the code decides', () => {
  verifies('payments.contracts.book');
  const problems: string[] = [];
  for (const [network, { token, contracts }] of Object.entries(book)) {
    const ours = deploymentsFor(toAddress(token));
    for (const [name, { address, status }] of Object.entries(contracts)) {
      const own = Object.entries(ours).find(([key]) => key === name)?.[1].address;
      const known = Object.entries(wellKnown).find(([key]) => key === name)?.[1].address;
      const isRight = status === 'others' || network === localToken.network ? address === known || address === own : address === own;
      if (!isRight) problems.push(`${network}: ${name} should be at ${own}`);
    }
  }
  assert.deepEqual(problems, []);
});

test('the command deploys what is missing, says so, and does nothing the second time', async (t) => {
  verifies('payments.contracts.deploy');
  const { anvil, rpcUrl, key, client } = await emptyChain('command');
  t.after(() => anvil.stop());
  const keyFile = join(root, 'key');
  writeFileSync(keyFile, `${key}\n`, { mode: 0o600 });
  const run = (...more: string[]) =>
    spawnSync(
      process.execPath,
      [join(import.meta.dirname, 'deploy-command.ts'), '--rpc', rpcUrl, '--key-file', keyFile, '--token', localToken.asset, ...more],
      { encoding: 'utf8' },
    );
  const dry = run('--dry-run');
  assert.match(dry.stdout, /escrow goes to 0x[\s\S]*It would cost at most 0\.0\d+ ether\. Nothing was sent\./, dry.stderr);
  assert.deepEqual(await presentContracts(client, localToken.network), {});

  const first = run();
  assert.equal(first.status, 0, first.stderr);
  assert(!first.stdout.includes(key.slice(2)), 'the key is never printed');
  const { escrow, registry, resolver, dstackVerifier } = localContracts;
  assert.deepEqual(await presentContracts(client, localToken.network), { escrow, registry, resolver, dstackVerifier });
  const { channel, depositCollector } = deploymentsFor(localToken.asset);
  assert(await client.getCode({ address: channel.address }), 'a chain without the channels of x402 gets ours');
  assert(await client.getCode({ address: depositCollector.address }));

  const block = await client.getBlockNumber();
  assert.match(run().stdout, /escrow is at 0x\w+ already[\s\S]*channel is at 0x\w+ already/);
  assert.equal(await client.getBlockNumber(), block);
});

test('where x402 has its channels they are used, and what is wrong is told in a sentence', async (t) => {
  const { anvil, rpcUrl, request, key } = await emptyChain('x402');
  t.after(() => anvil.stop());
  const log = () => undefined;
  const token = localToken.asset;
  for (const { address, initCode } of Object.values(wellKnown)) {
    await request('anvil_setCode', [address, await request('eth_call', [{ data: initCode }, 'latest'])]);
  }
  const { entry, network } = await deployContracts({ rpcUrl, key, token, name: 'Test', isDryRun: true, log });
  assert.equal(network, localToken.network);
  assert.deepEqual(entry.contracts.channel, { address: wellKnown.channel.address, status: 'others' });
  assert.deepEqual(entry.contracts.multicall3, { address: wellKnown.multicall3.address, status: 'others' });

  const nowhere = toAddress('0x00000000000000000000000000000000000000ab');
  await assert.rejects(deployContracts({ rpcUrl, key, token: nowhere, isDryRun: true, log }), /There is no token at/);
  await request('anvil_setCode', [create2Factory, '0x']);
  await assert.rejects(deployContracts({ rpcUrl, key, token, isDryRun: true, log }), /lacks the deterministic deployer/);
  const noKey = spawnSync(process.execPath, [
    join(import.meta.dirname, 'deploy-command.ts'),
    '--rpc',
    rpcUrl,
    '--key-file',
    import.meta.filename,
    '--token',
    token,
  ]);
  assert.match(String(noKey.stderr), /does not hold a private key/);
  assert.equal(noKey.status, 1);
});
