/** Stands where the process that reads files stands, and misbehaves as the type of the file says. */
import { readSync, writeSync } from 'node:fs';
import { frame } from '../derive/frame.ts';

const head = Buffer.alloc(4);
for (; readSync(0, head, 0, 4, null) === 4;) {
  const text = Buffer.alloc(head.readUInt32BE());
  readSync(0, text, 0, text.length, null);
  const { mediaType, length } = JSON.parse(text.toString());
  for (let left = length; left > 0;) left -= readSync(0, Buffer.alloc(Math.min(left, 65_536)), 0, Math.min(left, 65_536), null);
  const nothing = { words: 0, excerpt: 0, picture: 0 };
  if (mediaType === 'die') process.exit(3);
  if (mediaType === 'hang') for (;;);
  if (mediaType === 'memory') {
    const held: Buffer[] = [];
    for (;;) held.push(Buffer.alloc(16 << 20, 1));
  }
  if (mediaType === 'nonsense') writeSync(1, 'this is no frame at all, whatever one thinks of it');
  if (mediaType === 'huge') writeSync(1, frame({ ...nothing, words: 2 ** 40 }));
  if (mediaType === 'html') {
    writeSync(1, frame({ ...nothing, picture: 24 }));
    writeSync(1, '<script>alert()</script>');
  }
  if (mediaType === 'facts') writeSync(1, frame({ ...nothing, facts: { width: 'wide' } }));
  if (mediaType === 'well') writeSync(1, frame({ ...nothing, facts: { width: 1 } }));
}
