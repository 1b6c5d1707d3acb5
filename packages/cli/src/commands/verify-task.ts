import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Context } from '../context.ts';
import { CliError } from '../error.ts';
import { withTask } from '../node/with-task.ts';
import { print } from '../output.ts';
import { sourceAtNode, sourceAtUrl, sourceInFile, type FileOptions, type Source } from '../task/sources.ts';
import { verify, type Evidence } from '../task/verify.ts';

type VerifyOptions = FileOptions & { key?: string; json?: boolean; program?: string; input?: string };

/**
 * `task verify ID|URL|FILE`: recomputes what a node signed of a task from what it answers, or from what is named.
 * Errors: CliError 1 when it does not hold.
 */
export async function verifyTask(source: string, options: VerifyOptions, context: Context): Promise<void> {
  const { signed, evidence: found } = await findSource(source, options, context);
  const again = await repeat(found, options, context);
  const evidence = { ...found, again };
  const documents = signed.map((document) => verify(document, evidence));
  const holds = documents.every((document) => document.holds);
  const text = documents.flatMap((document) => [
    `The ${document.kind} of ${document.task}, signed by ${document.signer}:`,
    ...document.checks.map(({ name, ok }) => `${ok ? 'ok  ' : 'FAIL'}  ${name}`),
  ]);
  if (!evidence.signers) text.push('Whether that signer is the node was not checked: name it by --node URL or --signer ADDRESS.');
  if (!evidence.stdout) text.push('The output was not at hand, so it was not checked.');
  text.push(holds ? 'It holds.' : 'It does not hold.');
  print(context, { json: options.json, value: { task: documents[0]?.task, holds, documents }, text: text.join('\n') });
  if (!holds)
    throw new CliError(`What was signed of ${documents[0]?.task} does not hold.`, {
      advice: 'Do not rely on this result; ask the seller.',
    });
}

/** With the program at hand the task is run again. */
async function repeat({ block }: Evidence, { program, input }: VerifyOptions, { cwd }: Context): Promise<Evidence['again']> {
  if (program === undefined) return undefined;
  const { runAgain } = await import('../task/run-again.ts');
  return runAgain(block, { program: readGiven(cwd, program), input: input === undefined ? Buffer.alloc(0) : readGiven(cwd, input) });
}

function readGiven(cwd: string, file: string): Buffer {
  try {
    return readFileSync(resolve(cwd, file));
  } catch (cause) {
    throw new CliError(`${file} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, {
      advice: 'Name a file that is there.',
      cause,
    });
  }
}

async function findSource(source: string, options: FileOptions & { key?: string }, context: Context): Promise<Source> {
  if (/^https?:\/\//i.test(source)) return sourceAtUrl(source, context);
  if (/^(?:b[a-z2-7]{58}|(?:0x)?[0-9a-f]{64})$/.test(source))
    return withTask(source, options, context, ({ client, task }) => sourceAtNode(client, task));
  return sourceInFile(source, options, context);
}
