/**
 * The process that reads files which strangers made. It is started by `openReader` under `readerArguments`: no files, no network, no
 * programs, no environment. One file at a time, in by standard input, out by standard output; it ends when its input ends.
 */
import { readSync, writeSync } from 'node:fs';
import { deflateSync } from 'node:zlib';
import { frame, headLength, type Request } from './frame.ts';
import { readImage, shrinkImage } from './read-image.ts';
import { readPdf } from './read-pdf.ts';
import { readText } from './read-text.ts';
import { kindOf } from './kind.ts';
import { wordsIn } from './words.ts';

const maximumText = 1 << 20;
const maximumPages = 1000;
/** Characters kept of a text, to show where the words were found. */
const excerptLength = 128 * 1024;
const pdfMilliseconds = 10_000;

type Found = { facts?: object; text?: string; picture?: Uint8Array };

async function derive({ mediaType, complete }: Request, bytes: Buffer): Promise<Found> {
  const kind = kindOf(bytes);
  if (kind === 'image') {
    if (!complete) return {};
    const facts = await readImage(bytes);
    const text = Object.values({ ...facts, size: `${facts.width}x${facts.height}` }).join(' ');
    // What a format hides may be known without being able to show it (HEIC photographs).
    const picture = await shrinkImage(bytes).catch((error: unknown) => {
      if (facts.format !== 'heif') throw error;
      return undefined;
    });
    return { facts, text, ...(picture && { picture }) };
  }
  if (kind === 'pdf') {
    if (!complete) return {};
    const limits = { maximumText, maximumPages, deadline: Date.now() + pdfMilliseconds };
    const { text, facts } = await readPdf(new Uint8Array(bytes), limits);
    return { facts, text: [facts.title, facts.author, text].filter(Boolean).join('\n') };
  }
  const text = readText(bytes.subarray(0, maximumText), mediaType);
  return text === undefined ? {} : { text };
}

async function answer(request: Request, bytes: Buffer): Promise<void> {
  const { facts, text, picture }: Found = request.task === 'picture' ? { picture: await shrinkImage(bytes) } : await derive(request, bytes);
  const words = text === undefined ? undefined : deflateSync(wordsIn(text).join(' '));
  const excerpt = text === undefined ? undefined : deflateSync(text.toWellFormed().slice(0, excerptLength));
  say(frame({ ...(facts && { facts }), words: words?.length ?? 0, excerpt: excerpt?.length ?? 0, picture: picture?.length ?? 0 }));
  for (const part of [words, excerpt, picture]) if (part) say(part);
}

for (let head = hear(headLength); head; head = hear(headLength)) {
  // What comes in here was made by the node itself.
  const request: Request = JSON.parse((hear(head.readUInt32BE()) ?? Buffer.alloc(0)).toString());
  const bytes = hear(request.length) ?? Buffer.alloc(0);
  await answer(request, bytes).catch((error: unknown) =>
    say(frame({ failed: String(error).slice(0, 300), words: 0, excerpt: 0, picture: 0 })),
  );
}

/** Undefined at the end of the input. */
function hear(length: number): Buffer | undefined {
  const bytes = Buffer.allocUnsafeSlow(length);
  for (let filled = 0; filled < length;) {
    const count = readSync(0, bytes, filled, length - filled, null);
    if (count === 0) return undefined;
    filled += count;
  }
  return bytes;
}

function say(bytes: Uint8Array): void {
  for (let sent = 0; sent < bytes.length;) sent += writeSync(1, bytes, sent);
}
