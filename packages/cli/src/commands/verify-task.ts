import type { Context } from '../context.ts';
import { CliError } from '../error.ts';
import { withTask } from '../node/with-task.ts';
import { print } from '../output.ts';
import { sourceAtNode, sourceAtUrl, sourceInFile, type FileOptions, type Source } from '../task/sources.ts';
import { verify } from '../task/verify.ts';

/**
 * `task verify ID|URL|FILE`: recomputes what a node signed of a task from what it answers, or from what is named.
 * Errors: CliError 1 when it does not hold.
 */
export async function verifyTask(source: string, options: FileOptions & { key?: string; json?: boolean }, context: Context): Promise<void> {
  const { signed, evidence } = await findSource(source, options, context);
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

async function findSource(source: string, options: FileOptions & { key?: string }, context: Context): Promise<Source> {
  if (/^https?:\/\//i.test(source)) return sourceAtUrl(source, context);
  if (/^(?:b[a-z2-7]{58}|(?:0x)?[0-9a-f]{64})$/.test(source))
    return withTask(source, options, context, ({ client, task }) => sourceAtNode(client, task));
  return sourceInFile(source, options, context);
}
