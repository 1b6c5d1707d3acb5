import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verifies } from '../../../../requirements/verifies.ts';
import { openHeaderBlock } from './header-block.ts';

/** The lines and the rest of an output that comes in these pieces, or why there are none. */
function read(pieces: readonly Buffer[]): { lines: string[]; rest: string } | string {
  const block = openHeaderBlock();
  for (const [at, piece] of pieces.entries()) {
    try {
      const found = block.push(piece);
      if (found) return { lines: found.lines, rest: Buffer.concat([found.rest, ...pieces.slice(at + 1)]).toString('latin1') };
    } catch (error) {
      return String(error);
    }
  }
  return block.missing().message;
}

const outputs = [
  'A: 1\n\nbody',
  'A: 1\r\n\r\nbody',
  'A: 1\n\r\nbody\n\n',
  'A: 1\r\n\nbody',
  'A: 1\nB: 2\r\nC: 3\n\n',
  '\nbody',
  '\r\n',
  '\r\r\n\n',
  'A: 1\r\r\n\nbody',
  'A: 1',
  'A: 1\n',
  'A: 1\r',
  '',
  `A: ${'x'.repeat(32_700)}\n\nbody`,
  `A: ${'x'.repeat(32_763)}\n\nbody`,
  `A: ${'x'.repeat(32_764)}\n\nbody`,
  `${'A: 1\n'.repeat(6_553)}\nbody`,
  `${'A: 1\n'.repeat(6_600)}\nbody`,
];

test('a header block means the same however it is cut into pieces', () => {
  verifies('compute.cgi.response');
  let seed = 1;
  const random = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below;
  for (const output of outputs) {
    const bytes = Buffer.from(output, 'latin1');
    const whole = read([bytes]);
    for (let times = 0; times < 50; times++) {
      const pieces: Buffer[] = [];
      for (let at = 0; at < bytes.length;) {
        const end = Math.min(bytes.length, at + 1 + random(times % 2 === 0 ? 3 : 9_000));
        pieces.push(bytes.subarray(at, end));
        at = end;
      }
      if (bytes.length > 10_000 && times % 2 === 0) continue;
      assert.deepEqual(read(pieces), whole, JSON.stringify(output.slice(0, 40)));
    }
  }
});

test('lines end in LF or CR LF, and the block at 32 KiB', () => {
  assert.deepEqual(read([Buffer.from('A: 1\r\nB: 2\n\r\nbody\n\n')]), { lines: ['A: 1', 'B: 2'], rest: 'body\n\n' });
  assert.deepEqual(read([Buffer.from('A: 1\r\r\n\n')]), { lines: ['A: 1\r'], rest: '' });
  assert.equal(typeof read([Buffer.from(`A: ${'x'.repeat(32_763)}\n\n`)]), 'object');
  assert.match(JSON.stringify(read([Buffer.from(`A: ${'x'.repeat(32_764)}\n\n`)])), /within 32 KiB/);
  assert.equal(read([]), 'The program wrote nothing');
});
