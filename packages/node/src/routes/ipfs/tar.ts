import { DriveError, asFile, childrenOf, loadNode, readFile, type Blocks, type Resolved } from '@freehold/drive';

const blockSize = 512;
const deepest = 200;
const pad = (length: number) => Buffer.alloc((blockSize - (length % blockSize)) % blockSize);

/** A tar file of a file or a folder with all that is below, under the name given. Long names are PAX records. */
export async function* tarOf(blocks: Blocks, target: Resolved, name: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  async function* entry(item: Pick<Resolved, 'cid' | 'node' | 'bytes'>, path: string, depth: number): AsyncGenerator<Uint8Array> {
    signal.throwIfAborted();
    const { node } = item;
    if (node.kind === 'file') {
      yield* header({ path, size: node.size, type: '0' });
      yield* readFile(blocks, asFile(item), undefined, signal);
      yield pad(node.size);
    } else if (node.kind === 'symlink') {
      yield* header({ path, size: 0, type: '2', link: node.target });
    } else if (node.kind === 'folder' || node.kind === 'shard') {
      if (depth > deepest) throw new DriveError('content_broken', 'The folders lie too deep in each other.');
      yield* header({ path: `${path}/`, size: 0, type: '5' });
      for await (const child of childrenOf(blocks, item)) {
        // What unpacks it must not be led out of the folder.
        if (child.name === '' || child.name === '.' || child.name === '..' || /[/\0]/.test(child.name))
          throw new DriveError('content_broken', `The name ${JSON.stringify(child.name)} would lead out of its folder.`);
        yield* entry(await loadNode(blocks, child.cid), `${path}/${child.name}`, depth + 1);
      }
    }
  }
  yield* entry(target, name, 0);
  yield Buffer.alloc(2 * blockSize);
}

type Header = { path: string; size: number; type: '0' | '2' | '5'; link?: string };

function* header({ path, size, type, link = '' }: Header): Generator<Uint8Array> {
  const isLong = Buffer.byteLength(path) > 100 || Buffer.byteLength(link) > 100 || size >= 8 ** 11;
  if (isLong) {
    const records = Buffer.concat([record('path', path), ...(link === '' ? [] : [record('linkpath', link)]), record('size', String(size))]);
    yield ustar({ path: 'PaxHeader', size: records.length, type: 'x' });
    yield records;
    yield pad(records.length);
  }
  yield ustar({ path, size: Math.min(size, 8 ** 11 - 1), type, link });
}

/** `<length> <key>=<value>\n`, where the length counts itself. */
function record(key: string, value: string): Buffer {
  const rest = Buffer.from(` ${key}=${value}\n`);
  let length = rest.length;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

function ustar({ path, size, type, link = '' }: { path: string; size: number; type: string; link?: string }): Buffer {
  const block = Buffer.alloc(blockSize);
  const octal = (value: number, length: number) => `${value.toString(8).padStart(length - 1, '0')}\0`;
  block.set(Buffer.from(path).subarray(0, 100), 0);
  block.write(octal(type === '5' ? 0o755 : 0o644, 8), 100);
  block.write(octal(0, 8), 108);
  block.write(octal(0, 8), 116);
  block.write(octal(size, 12), 124);
  block.write(octal(0, 12), 136);
  block.write('        ', 148);
  block.write(type, 156);
  block.set(Buffer.from(link).subarray(0, 100), 157);
  block.write('ustar\x0000', 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}
