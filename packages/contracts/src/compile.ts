import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const at = (path: string) => new URL(`../${path}`, import.meta.url);

/** What is compiled, and what of each file is kept. Its interfaces and libraries come with it. */
const sources = {
  'BatchSettlement.sol': ['BatchSettlement', 'Erc3009DepositCollector'],
  'DstackChain.sol': ['DstackVerifier'],
  'Escrow.sol': ['Escrow'],
  'Multicall3.sol': ['Multicall3'],
  'Registry.sol': ['Registry'],
  'Resolver.sol': ['Resolver'],
  'TestUSDC.sol': ['TestUSDC', 'TestWallet'],
};

/** Shared with Foundry (foundry.toml), so that what is measured there is what runs here. */
const settings = {
  optimizer: { enabled: true, runs: 10_000 },
  evmVersion: 'cancun',
  viaIR: true,
  metadata: { appendCBOR: false, bytecodeHash: 'none' },
  outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object', 'evm.deployedBytecode.object'] } },
};

type Compiled = { abi: unknown[]; evm: { bytecode: { object: string }; deployedBytecode: { object: string } } };
type Output = { errors?: { severity: string; formattedMessage: string }[]; contracts: Record<string, Record<string, Compiled>> };

/**
 * Compiles the Solidity sources to the texts of the files that are committed: `artifacts/*.json` with bytecode, and the
 * bindings that viem infers its types from. Equal sources and compiler give equal bytes: no metadata hash is appended. The
 * compiler (solc from npm) is a development tool; a running node reads what is committed.
 */
export function compileContracts(): Record<string, string> {
  const solc: { compile(input: string, callbacks: { import(path: string): { contents: string } }): string } = require('solc');
  const input = {
    language: 'Solidity',
    sources: Object.fromEntries(Object.keys(sources).map((file) => [file, { content: readFileSync(at(`solidity/${file}`), 'utf8') }])),
    settings,
  };
  const read = (path: string) => readFileSync(path.startsWith('@') ? require.resolve(path) : at(`solidity/${path}`), 'utf8');
  const output: Output = JSON.parse(solc.compile(JSON.stringify(input), { import: (path) => ({ contents: read(path) }) }));
  const errors = (output.errors ?? []).filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw new Error(errors.map(({ formattedMessage }) => formattedMessage).join('\n'));

  const files: Record<string, string> = {};
  let bindings = '// Written by `node packages/contracts/src/compile.ts`; a test fails when it differs from the Solidity sources.\n';
  for (const [file, names] of Object.entries(sources)) {
    const kept: Record<string, object> = {};
    for (const name of names) {
      const compiled = output.contracts[file]?.[name];
      if (!compiled) throw new Error(`${file} has no contract named ${name}.`);
      const { abi, evm } = compiled;
      kept[name] = { abi, bytecode: `0x${evm.bytecode.object}`, deployedBytecode: `0x${evm.deployedBytecode.object}` };
      bindings += `\nexport const ${name[0]?.toLowerCase()}${name.slice(1)}Abi = ${JSON.stringify(abi, undefined, 2)} as const;\n`;
    }
    files[`artifacts/${file.replace('.sol', '.json')}`] = `${JSON.stringify(kept, undefined, 1)}\n`;
  }
  return { ...files, 'src/generated/abi.ts': bindings };
}

/** The committed text of one of these files. */
export const readCommitted = (file: string): string => readFileSync(at(file), 'utf8');

if (import.meta.main) for (const [file, text] of Object.entries(compileContracts())) writeFileSync(at(file), text);
