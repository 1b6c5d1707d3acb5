import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { toAddress, type Hex } from '@freehold/protocol';
import { isHex } from 'viem';
import { deployContracts } from './deploy.ts';
import { ContractsError } from './error.ts';

const usage = `Deploys Freehold's contracts to a chain: Escrow, Registry, Resolver, the verifier of dstack chains, and, where x402's
own channel contract is missing, ours. What is there already is left alone, so it can be repeated. The addresses depend on the
code and the token only: whoever deploys, they are the same.

  npm run deploy-contracts -- --rpc URL --key-file FILE --token ADDRESS [--name NAME] [--dry-run] [--write]

  --rpc URL        JSON-RPC of the chain
  --key-file FILE  a file with the private key (0x and 64 digits) of the account that pays for gas. It gets no rights.
  --token ADDRESS  the dollar that the contracts are for
  --name NAME      how people call the chain
  --dry-run        say what would be done, and what it would cost
  --write          enter the addresses into packages/contracts/addresses.json`;

function readKey(path: string): Hex {
  const key = readFileSync(path, 'utf8').trim();
  if (!isHex(key) || key.length !== 66)
    throw new ContractsError('deployment_refused', 400, `${path} does not hold a private key: 0x and 64 hexadecimal digits.`);
  return key;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rpc: { type: 'string' },
      'key-file': { type: 'string' },
      token: { type: 'string' },
      name: { type: 'string' },
      'dry-run': { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const say = (line: string) => process.stdout.write(`${line}\n`);
  const { rpc, 'key-file': keyFile, token, name } = values;
  if (values.help || !rpc || !keyFile || !token) {
    say(usage);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  const { network, entry } = await deployContracts({
    rpcUrl: rpc,
    key: readKey(keyFile),
    token: toAddress(token),
    ...(name === undefined ? {} : { name }),
    isDryRun: values['dry-run'],
    log: say,
  });
  if (!values.write || values['dry-run']) return;
  const path = new URL('../addresses.json', import.meta.url);
  const book: Record<string, unknown> = JSON.parse(readFileSync(path, 'utf8'));
  writeFileSync(path, `${JSON.stringify({ ...book, [network]: entry }, undefined, 2)}\n`);
  say(`addresses.json has ${network} now: commit it.`);
}

if (import.meta.main) {
  await main().catch((error: Error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  });
}
