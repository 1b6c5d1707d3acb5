import { PaymentError } from '../error.ts';

/** Numbers keep the digits that were written: an amount never becomes a floating-point number. Errors: `budget_malformed`. */
export function readJson(text: string, what: string): unknown {
  // The third argument is younger than the types of the standard library.
  const keepDigits = (_key: string, value: unknown, context?: { source?: string }) =>
    typeof value === 'number' ? (context?.source ?? value) : value;
  try {
    return JSON.parse(text, keepDigits);
  } catch (cause) {
    throw new PaymentError('budget_malformed', `This is not JSON for ${what}.`, { cause });
  }
}

/** The parts of a list with commas; those within braces, brackets and quotes separate nothing. */
export function splitList(text: string): string[] {
  const parts: string[] = [''];
  let depth = 0;
  let isQuoted = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at] ?? '';
    if (isQuoted && character === '\\') {
      parts.push(`${parts.pop() ?? ''}${character}${text[++at] ?? ''}`);
      continue;
    }
    if (character === '"' && depth > 0) isQuoted = !isQuoted;
    else if (!isQuoted && '{['.includes(character)) depth++;
    else if (!isQuoted && '}]'.includes(character)) depth--;
    if (character === ',' && depth === 0) parts.push('');
    else parts.push(`${parts.pop() ?? ''}${character}`);
  }
  return parts.map((part) => part.trim());
}
