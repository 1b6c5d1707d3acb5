import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const source = new URL('../solidity/TestUSDC.sol', import.meta.url);
const artifact = new URL('../artifacts/TestUSDC.json', import.meta.url);

type Output = {
  errors?: { severity: string; formattedMessage: string }[];
  contracts: Record<
    string,
    Record<string, { abi: unknown[]; evm: { bytecode: { object: string }; deployedBytecode: { object: string } } }>
  >;
};

/**
 * Compiles the Solidity sources to the text of `artifacts/TestUSDC.json`. Equal sources and compiler give equal bytes: no
 * metadata hash is appended. The compiler (solc from npm) is a development tool; a running node reads the committed artifact.
 */
export function compileContracts(): string {
  const solc: { compile(input: string, callbacks: { import(path: string): { contents: string } }): string } = require('solc');
  const input = {
    language: 'Solidity',
    sources: { 'TestUSDC.sol': { content: readFileSync(source, 'utf8') } },
    settings: {
      optimizer: { enabled: true, runs: 200 },
      evmVersion: 'cancun',
      viaIR: true,
      metadata: { appendCBOR: false, bytecodeHash: 'none' },
      outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object', 'evm.deployedBytecode.object'] } },
    },
  };
  const output: Output = JSON.parse(
    solc.compile(JSON.stringify(input), { import: (path) => ({ contents: readFileSync(require.resolve(path), 'utf8') }) }),
  );
  const errors = (output.errors ?? []).filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw new Error(errors.map(({ formattedMessage }) => formattedMessage).join('\n'));
  const contracts = Object.entries(output.contracts['TestUSDC.sol'] ?? {}).map(([name, { abi, evm }]) => [
    name,
    { abi, bytecode: `0x${evm.bytecode.object}` },
  ]);
  return `${JSON.stringify(Object.fromEntries(contracts), undefined, 1)}\n`;
}

export const readArtifact = (): string => readFileSync(artifact, 'utf8');

if (import.meta.main) writeFileSync(artifact, compileContracts());
