import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { WASI } from 'node:wasi';

const module = new WebAssembly.Module(readFileSync('build/{{name}}.wasm'));
const folder = mkdtempSync(join(tmpdir(), 'tool-'));
after(() => rmSync(folder, { recursive: true }));

/** Runs the program as a node does: fresh for every call. */
function run(args, input = '') {
  const files = { stdin: join(folder, 'in'), stdout: join(folder, 'out') };
  writeFileSync(files.stdin, input);
  const [stdin, stdout] = [openSync(files.stdin, 'r'), openSync(files.stdout, 'w')];
  const wasi = new WASI({ version: 'preview1', args: ['tool', ...args], stdin, stdout, returnOnExit: true });
  const code = wasi.start(new WebAssembly.Instance(module, wasi.getImportObject()));
  closeSync(stdin);
  closeSync(stdout);
  return { code, value: JSON.parse(readFileSync(files.stdout, 'utf8')) };
}

test('its examples come true', () => {
  for (const { input, output } of run(['--mcp-describe']).value.examples) {
    assert.deepEqual(run([], JSON.stringify(input)), { code: 0, value: output });
  }
});

test('it reads JSON as it comes', () => {
  const input = '{ "other": [1, {"name": "Eve"}, "]"], "name": "J\\u00fcrgen \\"J\\"\\n😀" }';
  assert.deepEqual(run([], input).value, { greeting: 'Hello, Jürgen "J"\n😀!' });
});

test('it refuses with a code', () => {
  const { code, value } = run([], '{"name":"nobody"}');
  assert.deepEqual([code, value.error.code], [1, 'not_found']);
});
