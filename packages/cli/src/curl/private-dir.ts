import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A directory that only this user can enter (mkdtemp makes it 0700), gone when the scope ends: `using dir = openPrivateDir()`. */
export function openPrivateDir(): Disposable & { file(name: string): string; path: string } {
  const path = mkdtempSync(join(tmpdir(), 'freehold-curl-'));
  return {
    path,
    file: (name) => join(path, name),
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  };
}
