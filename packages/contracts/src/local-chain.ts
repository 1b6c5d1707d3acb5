import { mkdirSync, realpathSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Address, Token } from '@freehold/protocol';
import { encodeFunctionData, http, numberToHex, parseEther } from 'viem';
import type { ChainContracts } from './address-book.ts';
import { anvilBinary, attachAnvil, spawnAnvil } from './anvil.ts';
import { writeAtomically } from './atomic.ts';
import { ContractsError } from './error.ts';
import { testUSDCAbi } from './generated/abi.ts';
import { deployLocalContracts, localContracts, localToken } from './local-contracts.ts';
import { sendAsOperator, type Request } from './operator.ts';

export type Log = (event: string, fields: Record<string, string | number | boolean | undefined>) => void;

export type LocalChain = {
  kind: 'running';
  network: string;
  rpcUrl: string;
  token: Token;
  /** Escrow, payment channels and what belongs to them. */
  contracts: ChainContracts;
  /** True when the chain was still running from before a crash of the node, and was taken over as it was. */
  isAttached: boolean;
  /** Makes test dollars (atomic units) for an address, and sees to it that it has ether for gas. */
  fund(address: Address, amount: bigint): Promise<void>;
  /** Writes the state of the chain to the disk now. */
  save(): Promise<void>;
  /** Saves and ends the chain. */
  stop(): Promise<void>;
};

export type NoLocalChain = { kind: 'unavailable'; message: string };

/** How often the state is written, when there are new blocks. What a power cut may cost; a crash of the node costs nothing. */
const saveEveryMs = 2_000;

/**
 * The chain that a node brings along, so that payments work before its owner has chosen a real one: anvil with the test
 * token, on the loopback interface, with state in `directory`.
 *
 * The chain is a process of its own that outlives a crash of the node, as a real chain would: after kill -9 the next start
 * on the same directory finds it running (its process id and port are on the disk) and goes on with it. A chain that died
 * with the node and came back a few seconds older would have forgotten payments that the ledger calls settled. `stop`
 * saves the state and ends the process.
 */
export async function openLocalChain({
  directory: given,
  port,
  log,
  signal,
}: {
  directory: string;
  port?: number;
  log: Log;
  signal?: AbortSignal;
}): Promise<LocalChain | NoLocalChain> {
  const binary = anvilBinary();
  if (!binary) {
    return {
      kind: 'unavailable',
      message: `There is no test chain for ${process.platform} on ${process.arch}, so functions cannot be sold on this machine yet. Files and the desktop work without.`,
    };
  }
  const program = binary;
  mkdirSync(given, { recursive: true, mode: 0o700 });
  const directory = realpathSync(given);
  const attached = await attachAnvil({ directory, log });
  let anvil =
    attached ?? (await spawnAnvil({ binary, directory, log, ...(port === undefined ? {} : { port }), ...(signal && { signal }) }));
  const rpcUrl = `http://127.0.0.1:${anvil.port}`;
  const request = rpc(rpcUrl);
  const stateFile = join(directory, 'state.hex');
  let savedBlock = '';
  let isStopping = false;
  let saving: Promise<void> = Promise.resolve();
  let minting: Promise<void> = Promise.resolve();

  const save = () => (saving = saving.catch(() => undefined).then(saveNow));
  async function saveNow() {
    const block = await request<string>('eth_getBlockByNumber', ['latest', false]).then((value) => JSON.stringify(value));
    if (block === savedBlock) return;
    await writeAtomically(stateFile, await request<string>('anvil_dumpState', []));
    savedBlock = block;
  }

  try {
    if (!attached) await restore({ request, stateFile });
    await deployLocalContracts(request);
    await save();
  } catch (error) {
    if (!attached) await anvil.stop();
    throw error;
  }
  /** A chain that died while its node lives comes back on the same port, as it was last saved. */
  async function reviveIfDead(failure: Error) {
    if (isStopping || isRunning(anvil.pid)) throw failure;
    log('chain.lost', { pid: anvil.pid });
    anvil = await spawnAnvil({ binary: program, directory, log, port: anvil.port });
    await restore({ request, stateFile });
    await deployLocalContracts(request);
    log('chain.started', { rpcUrl, pid: anvil.pid, attached: false });
  }
  const tend = () =>
    save()
      .catch(reviveIfDead)
      .catch((error: Error) => log('chain.save_failed', { message: error.message }));
  let tending: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    tending = tending.then(tend);
  }, saveEveryMs);
  timer.unref();
  log('chain.started', { rpcUrl, pid: anvil.pid, attached: attached !== undefined });

  return {
    kind: 'running',
    network: localToken.network,
    rpcUrl,
    token: localToken,
    contracts: localContracts,
    isAttached: attached !== undefined,
    async fund(address, amount) {
      const gas = BigInt(await request<string>('eth_getBalance', [address, 'latest']));
      if (gas < parseEther('1')) await request('anvil_setBalance', [address, numberToHex(parseEther('10'))]);
      if (amount === 0n) return;
      const data = encodeFunctionData({ abi: testUSDCAbi, functionName: 'mint', args: [address, amount] });
      // One after another: anvil gives two transactions of one moment the same nonce.
      minting = minting.catch(() => undefined).then(() => sendAsOperator(request, { to: localToken.asset, data }));
      await minting;
    },
    save,
    async stop() {
      isStopping = true;
      clearInterval(timer);
      await tending;
      await save().catch((error: Error) => log('chain.save_failed', { message: error.message }));
      await anvil.stop();
    },
  };
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function rpc(url: string): Request {
  const transport = http(url, { retryCount: 0, timeout: 10_000 })({});
  return (method, params) => transport.request({ method, params });
}

async function restore({ request, stateFile }: { request: Request; stateFile: string }): Promise<void> {
  const state = await readFile(stateFile, 'utf8').catch(() => undefined);
  if (state === undefined) return;
  const isRestored = await request<boolean>('anvil_loadState', [state]).catch(() => false);
  if (isRestored) return;
  throw new ContractsError(
    'chain_failed',
    500,
    `The saved state of the local test chain cannot be read. Move ${stateFile} away to start with an empty test chain; it holds test money only.`,
  );
}
