import type { Requirement } from './requirement.ts';

/** What seed 001 promises. */
export default [
  {
    id: 'cloud.login.wallet',
    source: 'seeds/001',
    behaviour:
      'sign-in with a wallet verifies the signature, issues a session (7 days), survives refresh, can be revoked; several wallets; smart accounts',
    planned: true,
  },
  { id: 'cloud.login.offline', source: 'seeds/001', behaviour: 'sign-in needs no third party and no internet' },
  {
    id: 'cloud.isolation',
    source: 'seeds/001',
    behaviour: 'data is scoped to the wallet; no cross-user access by any route',
  },
  { id: 'cloud.access', source: 'seeds/001', behaviour: 'owner decides who may have an account' },
  { id: 'cloud.desktop', source: 'seeds/001', behaviour: 'desktop with icons, taskbar, launcher, windows, file manager', planned: true },
  {
    id: 'cloud.desktop.realtime',
    source: 'seeds/001',
    behaviour: 'changes appear in other windows, tabs and devices at once',
    planned: true,
  },
  {
    id: 'cloud.files.crud',
    source: 'seeds/001',
    behaviour: 'read, write, readdir, stat, mkdir, copy, move, rename, delete, Puter-compatible',
  },
  {
    id: 'cloud.files.upload',
    source: 'seeds/001',
    behaviour: 'drag and drop with progress; large files streamed; resumable',
  },
  {
    id: 'cloud.files.ipfs',
    source: 'seeds/001',
    behaviour: 'content is addressed by CID; publishing makes it fetchable by any IPFS client',
  },
  {
    id: 'cloud.files.local',
    source: 'seeds/001',
    behaviour: 'metadata in SQLite, content on the local disk; works with no network',
  },
  { id: 'cloud.files.thumbnails', source: 'seeds/001', behaviour: 'thumbnails and PDF text extraction' },
  { id: 'cloud.files.versions', source: 'seeds/001', behaviour: 'versions can be listed and restored' },
  {
    id: 'cloud.apps.launch',
    source: 'seeds/001',
    behaviour: "apps are registered, listed, launched in windows; the SDK is injected with the node's own origin",
    planned: true,
  },
  { id: 'cloud.apps.puterjs', source: 'seeds/001', behaviour: 'unmodified puter.js apps run', planned: true },
  {
    id: 'cloud.apps.builtin',
    source: 'seeds/001',
    behaviour: 'terminal, editor, calculator, viewer, player and more ship with the node',
    planned: true,
  },
  {
    id: 'cloud.wasm.core',
    source: 'seeds/001',
    behaviour:
      '`POST /api/wasm/execute-file {filePath,functionName,args}` runs a core module on the node; calculator add/subtract/multiply/divide',
  },
  {
    id: 'cloud.wasm.wasi',
    source: 'seeds/001',
    behaviour: 'WASI modules read and write real files of the caller; file processor and environment reader apps',
  },
  {
    id: 'cloud.wasm.scope',
    source: 'seeds/001',
    behaviour: 'binaries are per wallet; each execution isolated; no network unless granted; compiled once, cached',
  },
  { id: 'cloud.ai.chat', source: 'seeds/001', behaviour: 'chat through Ollama, OpenAI, Claude, Gemini and xAI, streamed', planned: true },
  {
    id: 'cloud.ai.tools',
    source: 'seeds/001',
    behaviour: "the assistant works on the user's files with tools, with approval for changes",
    planned: true,
  },
  { id: 'cloud.ai.private', source: 'seeds/001', behaviour: 'conversations stay on the node; local-only mode with Ollama', planned: true },
  {
    id: 'cloud.backup',
    source: 'seeds/001',
    behaviour: 'automated and one-click backup and restore; status shown; restores on another node',
    planned: true,
  },
  {
    id: 'cloud.update',
    source: 'seeds/001',
    behaviour: 'version check, one-click install, progress, restart, reconnect; signed; rollback',
    planned: true,
  },
  {
    id: 'cloud.package',
    source: 'seeds/001',
    behaviour: 'Docker, npm and source installs; runs on ARM64 and Raspberry Pi; opens with no configuration',
    planned: true,
  },
  { id: 'cloud.keys.optional', source: 'seeds/001', behaviour: 'provider keys are optional and stay local', planned: true },
  {
    id: 'cloud.market',
    source: 'seeds/001',
    behaviour: "binaries and apps can be offered, licensed and bought; agents can buy and sell (the seed's later phases)",
    planned: true,
  },
] satisfies Requirement[];
