// Makes the binaries for machines without a C compiler: node packages/compute/runner/build-prebuilt.ts
// Needs gcc, libc6-dev, gcc-aarch64-linux-gnu and libc6-dev-arm64-cross (Debian's names). Run it after every change of the C source;
// binary.test.ts fails until the manifest fits again.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { compile, sourceDirectory, sourceHash } from '../src/native/binary.ts';
import type { PrebuiltManifest } from '../src/native/binary.ts';

const toolchains = {
  'linux-x64': 'x86_64-linux-gnu-gcc',
  'linux-arm64': 'aarch64-linux-gnu-gcc',
};

const manifest: PrebuiltManifest = { sourceSha256: await sourceHash(), binaries: {} };
for (const [system, compiler] of Object.entries(toolchains)) {
  const target = join(sourceDirectory, 'prebuilt', system);
  await mkdir(target, { recursive: true });
  await compile({ compiler, target });
  for (const name of ['runner', 'probe']) {
    const file = join(target, name);
    execFileSync(compiler.replace('gcc', 'strip'), [file]);
    await chmod(file, 0o755);
    manifest.binaries[`${system}/${name}`] = {
      sha256: createHash('sha256')
        .update(await readFile(file))
        .digest('hex'),
    };
  }
}
await writeFile(join(sourceDirectory, 'prebuilt', 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
