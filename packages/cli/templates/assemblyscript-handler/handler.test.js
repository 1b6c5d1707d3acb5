import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { WASI } from 'node:wasi';

const module = new WebAssembly.Module(readFileSync('build/{{name}}.wasm'));
const folder = mkdtempSync(join(tmpdir(), 'handler-'));
after(() => rmSync(folder, { recursive: true }));

function get(query) {
  const file = join(folder, 'out');
  const stdout = openSync(file, 'w');
  const wasi = new WASI({ version: 'preview1', args: ['function'], env: { QUERY_STRING: query }, stdout });
  wasi.start(new WebAssembly.Instance(module, wasi.getImportObject()));
  closeSync(stdout);
  return readFileSync(file, 'utf8').split('\r\n\r\n')[1];
}

test('it greets', () => {
  assert.equal(get('a=b&name=Ada%20L'), 'Hello, Ada L!\n');
  assert.equal(get(''), 'Hello, world!\n');
});
