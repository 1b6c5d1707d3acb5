/** What the names of functions' cookies begin with in the browser, so that none is ever taken for one of the node's, or for another program's on the same host. */
const prefix = 'fn-';

/**
 * A program's `Set-Cookie` as the browser gets it: under a name of ours, for this host alone, and for the paths of this function
 * alone. `scriptPath` is where the caller called it (`/name.cgi`), `scriptNames` are the paths it may know itself by. Undefined
 * when it is no cookie.
 */
export function outgoingCookie(
  value: string,
  { scriptPath, scriptNames }: { scriptPath: string; scriptNames: readonly string[] },
): string | undefined {
  const [pair = '', ...attributes] = value.split(';').map((part) => part.trim());
  if (!/^[^\s=,;"\\]+=/.test(pair)) return undefined;
  const named = (name: string) => (attribute: string) => new RegExp(`^${name}(\\s*=|$)`, 'i').test(attribute);
  const wanted = attributes.findLast(named('path'))?.replace(/^path\s*=\s*/i, '') ?? '';
  const below = [scriptPath, ...scriptNames].find((script) => wanted === script || wanted.startsWith(`${script}/`));
  const path = below === undefined ? scriptPath : scriptPath + wanted.slice(below.length);
  const kept = attributes.filter((attribute) => attribute !== '' && !named('path')(attribute) && !named('domain')(attribute));
  return [`${prefix}${pair}`, `Path=${path}`, ...kept].join('; ');
}

/** Of the caller's cookies those that functions set, under the names that they gave them; undefined when there are none. */
export function incomingCookies(header: string): string | undefined {
  const own = header
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(prefix))
    .map((pair) => pair.slice(prefix.length));
  return own.length === 0 ? undefined : own.join('; ');
}
