import { canonicalJson, type ToolDescription } from '@freehold/protocol';
import type { RunResult } from '../engine.ts';
import type { ToolAnswer } from './tools.ts';

type Example = NonNullable<ToolDescription['examples']>[number];

/** What came instead of what was expected; undefined when the example came true. */
export function faultOfExample({ input, output }: Example, answer: ToolAnswer, result: RunResult): string | undefined {
  const asked = `For ${short(JSON.stringify(input))}`;
  if (answer === undefined)
    return `${asked} the program failed (${result.reason}${result.exitCode === null ? '' : ` ${result.exitCode}`}): ${whyOf(result)}`;
  if ('fault' in answer) return `${asked}: ${answer.fault} It was ${short(result.stdout.toString())}.`;
  const came = answer.response.body.toString();
  if (answer.response.status >= 400) return `${asked} the program refused with ${short(came)}.`;
  if (output === undefined || canonicalJson(output) === canonicalJson(JSON.parse(came))) return undefined;
  return `${asked} came ${short(came)}, and ${short(JSON.stringify(output))} was expected.`;
}

const short = (text: string) => (text.length > 400 ? `${text.trim().slice(0, 400)}…` : text.trim());

function whyOf({ message, stderr }: RunResult): string {
  const said = stderr.toString().trim().split('\n').at(-1);
  return message ?? (said ? short(said) : 'it said nothing.');
}
