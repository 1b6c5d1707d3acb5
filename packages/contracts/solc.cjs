#!/usr/bin/env node
// Forge asks a native solc; this one answers with npm's. Forge wants to see a platform in its version.
const { readFileSync } = require('node:fs');
const solc = require('solc');

process.stdout.write(
  process.argv.includes('--version')
    ? `solc, the solidity compiler commandline interface\nVersion: ${solc.version().replace('Emscripten.clang', 'Linux.g++')}\n`
    : solc.compile(readFileSync(0, 'utf8')),
);
