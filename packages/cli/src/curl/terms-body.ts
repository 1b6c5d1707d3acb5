import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AnswerHead } from './answer-head.ts';
import { runCurl } from './attempt.ts';
import { withOptions } from './command-line.ts';
import type { Guard } from './output-files.ts';
import type { Transfer } from './transfer.ts';

/** Nobody's terms are longer. */
const mostBytes = 1024 * 1024;

/**
 * The body of a 402 in which version 1 of x402 may ask for payment; undefined when it cannot be one. What `-f` or the guard of a file
 * kept from us is asked for once more, for methods that change nothing.
 */
export async function termsBody({
  transfer: { commandLine, request, stdinFile, dir, context },
  held,
  guard,
  aside,
  answer,
}: {
  transfer: Transfer;
  held: Buffer;
  guard: Guard;
  aside: string;
  answer: AnswerHead;
}): Promise<string | undefined> {
  if (!/\bjson\b/i.test(answer.fields.get('content-type') ?? '') || request.method === 'HEAD') return undefined;
  if (guard === 'aside') return readSmall(firstFileIn(aside));
  const isWithheld = guard === 'fail' || request.has('--fail');
  if (!isWithheld) return request.has('--include') ? afterHeads(held.toString()) : held.toString();
  if (request.method !== 'GET') return undefined;
  const file = dir.file('terms');
  await runCurl({
    args: withOptions(commandLine, [
      '--no-fail',
      '--retry',
      '0',
      '--silent',
      '--no-include',
      '--output-dir',
      dir.path,
      '--output',
      'terms',
    ]),
    headFile: undefined,
    stdinFile,
    context: { ...context, stdout: context.stderr },
  });
  return readSmall(file);
}

/** `--include` puts every head of the way before the body. */
function afterHeads(text: string): string {
  let rest = text;
  while (/^HTTP\/\d/.test(rest)) {
    const end = /\r?\n\r?\n/.exec(rest);
    if (!end) return '';
    rest = rest.slice(end.index + end[0].length);
  }
  return rest;
}

function firstFileIn(directory: string): string | undefined {
  const found = existsSync(directory) && readdirSync(directory, { recursive: true, withFileTypes: true }).find((entry) => entry.isFile());
  return found ? join(found.parentPath, found.name) : undefined;
}

function readSmall(file: string | undefined): string | undefined {
  if (file === undefined || !existsSync(file)) return undefined;
  const bytes = readFileSync(file);
  return bytes.length > mostBytes ? undefined : bytes.toString();
}
