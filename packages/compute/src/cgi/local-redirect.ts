/** How many times a program may send a call on to another path of its own. */
export const mostRedirects = 3;

/**
 * The path and query that a program's `Location: /…` means when it is one of its own (RFC 3875 §6.2.2), under any of the
 * `scriptNames` by which it is called; undefined when it is not, and the caller is told to go there himself.
 */
export function ownPath(location: string, scriptNames: readonly string[]): { path: string; query: string } | undefined {
  const [target, query] = splitOnce(location.split('#', 1)[0] ?? '', '?');
  const script = scriptNames.find((name) => target === name || target.startsWith(`${name}/`));
  return script === undefined ? undefined : { path: target.slice(script.length), query };
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}
