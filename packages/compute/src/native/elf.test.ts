import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { join } from 'node:path';
import { openWorkshop, withoutCompiler } from '../testing/native/workshop.ts';
import type { Workshop } from '../testing/native/workshop.ts';
import { inspectElf } from './elf.ts';

describe('inspectElf', () => {
  test('knows what is not an executable', () => {
    for (const text of ['', '#!/bin/sh\n', '\0asm\x01\0\0\0', '\x7fELF'])
      assert.equal(inspectElf(Buffer.from(text.padEnd(text.length > 4 ? 80 : 0, '\0'))), undefined);
    const object = Buffer.alloc(64);
    object.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
    object.writeUInt16LE(1, 16); // ET_REL, an object file
    assert.equal(inspectElf(object), undefined);
  });
  test('tells a 32-bit or big-endian executable from ours', () => {
    const bytes = Buffer.alloc(64);
    bytes.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]);
    assert.deepEqual(inspectElf(bytes), { arch: 'other', static: false });
  });
});

describe('inspectElf of what a compiler makes', { skip: withoutCompiler }, () => {
  const arch = process.arch === 'x64' ? 'linux-x64' : 'linux-arm64';
  let workshop: Workshop;
  before(async () => {
    workshop = await openWorkshop();
    await workshop.compile('hostile.c', 'static');
    await workshop.compile('hostile.c', 'static-pie', ['-static-pie', '-fPIE']);
    await workshop.compile('hostile.c', 'dynamic', []);
  });
  after(() => workshop?.close());

  for (const [name, isStatic] of [
    ['static', true],
    ['static-pie', true],
    ['dynamic', false],
  ] as const) {
    test(name, async () => {
      const bytes = await readFile(join(workshop.programs, name));
      assert.deepEqual(inspectElf(bytes), { arch, static: isStatic });
      assert.deepEqual(inspectElf(bytes.subarray(0, 4096)), { arch, static: isStatic });
    });
  }
  test('never calls static what it cannot see', async () => {
    const bytes = await readFile(join(workshop.programs, 'static'));
    assert.deepEqual(inspectElf(bytes.subarray(0, 64)), { arch, static: false });
  });
});
