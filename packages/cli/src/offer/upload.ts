import { open } from 'node:fs/promises';
import { programInfo, programPart, programUpload, type ProgramInfo } from '@freehold/protocol';
import type { Context } from '../context.ts';
import { CliError } from '../error.ts';
import type { NodeClient } from '../node/client.ts';
import { formatSize } from '../units.ts';
import type { ProgramFile } from './program-file.ts';

/** Brings a program to the node, in parts; what is there already is not sent, and what was begun goes on. Errors: CliError. */
export async function uploadProgram(client: NodeClient, file: ProgramFile, context: Context): Promise<ProgramInfo> {
  const { sha256, size } = file;
  const upload = await client.post('/api/programs/uploads', { sha256, size }, programUpload);
  if (upload.program) return upload.program;
  const progress = openProgress(file, context);
  const source = file.bytes ? undefined : await open(file.path);
  try {
    const received = new Set(upload.received);
    for (let number = 1; number <= upload.partCount; number++) {
      const position = (number - 1) * upload.partSize;
      const length = Math.min(upload.partSize, size - position);
      if (!received.has(number)) {
        const bytes = new Uint8Array(length);
        if (file.bytes) bytes.set(file.bytes.subarray(position, position + length));
        else if (((await source?.read(bytes, 0, length, position))?.bytesRead ?? 0) < length)
          throw new CliError(`${file.path} became shorter while it was read.`, { advice: 'Give the same command again.' });
        await client.put(`/api/programs/uploads/${sha256}/parts/${number}`, bytes, programPart);
      }
      progress.at(position + length);
    }
  } finally {
    progress.end();
    await source?.close();
  }
  return client.post(`/api/programs/uploads/${sha256}/complete`, {}, programInfo);
}

/** One line that is written over, and only where somebody looks. */
function openProgress({ size }: ProgramFile, { stderr, now }: Context) {
  const startedAt = now();
  let shown = false;
  return {
    at(done: number) {
      if (stderr.isTTY !== true) return;
      const speed = done / Math.max(1, now() - startedAt);
      const left = Math.ceil((size - done) / Math.max(speed, 1e-9) / 1000);
      shown = true;
      stderr.write(`\r\x1b[Kuploading ${Math.floor((done / size) * 100)} %  ${formatSize(done)} of ${formatSize(size)}  ${left} s left`);
    },
    end() {
      if (shown) stderr.write('\r\x1b[K');
    },
  };
}
