import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Address, Hex, Token } from '@freehold/protocol';
import { encodeFunctionData, http, keccak256, numberToHex, parseEther, stringToHex, toHex } from 'viem';
import artifact from '../../artifacts/TestUSDC.json' with { type: 'json' };
import { anvilBinary, spawnAnvil } from '../anvil.ts';
import { testUSDCAbi } from '../generated/abi.ts';
import { sendAsOperator, type Request } from '../operator.ts';

export type OtherChain = {
  rpcUrl: string;
  request: Request;
  fund(address: Address, amount: bigint): Promise<void>;
  stop(): Promise<void>;
};

/** A chain that says it is another one, such as Base Sepolia, with a token that lies and signs where and as the real one does. */
export async function openOtherChain({ chainId, token }: { chainId: number; token: Token }): Promise<OtherChain> {
  const binary = anvilBinary();
  if (!binary) throw new Error('This machine has no anvil');
  const directory = mkdtempSync(join(tmpdir(), 'freehold-other-chain-'));
  const anvil = await spawnAnvil({ binary, directory, chainId, log: () => undefined });
  const rpcUrl = `http://127.0.0.1:${anvil.port}`;
  const transport = http(rpcUrl, { retryCount: 0, timeout: 10_000 })({});
  const request: Request = (method, params) => transport.request({ method, params });
  const [operator] = await request<Address[]>('eth_accounts', []);
  const code = await request<Hex>('eth_call', [{ from: operator, data: artifact.TestUSDC.bytecode }, 'latest']);
  await request('anvil_setCode', [token.asset, renamed(code, token.domain.name)]);
  return {
    rpcUrl,
    request,
    async fund(address, amount) {
      await request('anvil_setBalance', [address, numberToHex(parseEther('10'))]);
      if (amount > 0n)
        await sendAsOperator(request, {
          to: token.asset,
          data: encodeFunctionData({ abi: testUSDCAbi, functionName: 'mint', args: [address, amount] }),
        });
    },
    async stop() {
      await anvil.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** The name of the EIP-712 domain stands in the code, as text and as its hash (OpenZeppelin, ShortStrings). */
function renamed(code: Hex, name: string): Hex {
  const before = 'USD Coin';
  const short = (text: string) => `${stringToHex(text, { size: 31 }).slice(2)}${toHex(text.length, { size: 1 }).slice(2)}`;
  const hash = (text: string) => keccak256(stringToHex(text)).slice(2);
  return `0x${code.slice(2).replaceAll(short(before), short(name)).replaceAll(hash(before), hash(name))}`;
}
