import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { main } from 'assemblyscript/asc';

/** Compiles an AssemblyScript guest of this folder. */
export async function compileGuest(name: string): Promise<Uint8Array> {
  const source = await readFile(join(import.meta.dirname, `${name}.as`), 'utf8');
  let binary: Uint8Array | undefined;
  let said = '';
  const { error } = await main(['guest.ts', '--outFile', 'guest.wasm', '--runtime', 'stub', '--use', 'abort=', '-O2'], {
    readFile: (file) => (file === 'guest.ts' ? source : null),
    writeFile: (_, contents) => {
      if (typeof contents !== 'string') binary = contents;
    },
    listFiles: () => [],
    stderr: { write: (text) => void (said += String(text)) },
  });
  if (error !== null || binary === undefined) throw new Error(`The guest ${name} does not compile: ${said}`);
  return binary;
}

/** Compiles the native hello, bare and with the C library; undefined where there is no C compiler. */
export async function compileHellos(directory: string): Promise<{ bare: Buffer; withLibrary: Buffer } | undefined> {
  const compile = (name: string, flags: readonly string[]) => {
    const file = join(directory, name);
    execFileSync('cc', ['-O2', '-static', '-s', ...flags, '-o', file, join(import.meta.dirname, `${name}.c`)]);
    return readFile(file);
  };
  try {
    const bare = await compile('hello', ['-nostdlib', '-ffreestanding', '-fno-stack-protector']);
    return { bare, withLibrary: await compile('hello-libc', []) };
  } catch {
    return undefined;
  }
}

/** A module of about `bytes` bytes: many functions of straight arithmetic, the first of them exported as `first`. */
export function largeModule(bytes: number): Uint8Array {
  // i32.const 1, then (i32.const 7, i32.add, i32.const 3, i32.mul) over and over.
  const step = [0x41, 7, 0x6a, 0x41, 3, 0x6c];
  const body = [0, 0x41, 1, ...Array.from({ length: 80 }, () => step).flat(), 0x0b];
  const code = [...leb(body.length), ...body];
  const count = Math.ceil(bytes / (code.length + 1));
  const section = (id: number, content: readonly Uint8Array[]) => {
    const joined = Buffer.concat(content);
    return Buffer.concat([Uint8Array.of(id, ...leb(joined.length)), joined]);
  };
  const many = Uint8Array.from(leb(count));
  return Buffer.concat([
    Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0),
    section(1, [Uint8Array.of(1, 0x60, 0, 1, 0x7f)]),
    section(3, [many, Buffer.alloc(count)]),
    section(7, [Uint8Array.of(1, 5, ...Buffer.from('first'), 0, 0)]),
    section(10, [many, ...Array.from({ length: count }, () => Uint8Array.from(code))]),
  ]);
}

function leb(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb(value >>> 7)];
}
