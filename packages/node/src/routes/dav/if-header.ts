import { DavError } from './error.ts';

export type StateCondition = { not: boolean } & ({ token: string } | { etag: string });
/** Conditions that must all hold for one resource: the one in the tag, or the one of the request. */
export type StateList = { resource: string | undefined; conditions: StateCondition[] };

const space = /[ \t]*/y;
const tag = /<([^<>\s]+)>/y;
const open = /\(/y;
const close = /\)/y;
const not = /not(?=[ \t]*[<[])/iy;
const etag = /\[((?:W\/)?"[^"\]]*")\]/y;

/** The If header of RFC 4918 §10.4.2: lists of which one must hold. Errors: `dav_invalid`. */
export function parseIf(header: string): StateList[] {
  let position = 0;
  /** What a pattern finds here, after spaces; moves on when it does. */
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    space.lastIndex = position;
    space.exec(header);
    pattern.lastIndex = space.lastIndex;
    const found = pattern.exec(header);
    if (!found) return undefined;
    position = pattern.lastIndex;
    return found;
  };
  const invalid = () => new DavError('dav_invalid', 'The If header is not one of RFC 4918 (section 10.4).');

  const lists: StateList[] = [];
  let resource: string | undefined;
  const isTagged = take(tag)?.[1];
  resource = isTagged;
  while (position < header.trimEnd().length) {
    const next = lists.length > 0 && isTagged !== undefined ? take(tag)?.[1] : undefined;
    resource = next ?? resource;
    if (!take(open)) throw invalid();
    const conditions: StateCondition[] = [];
    while (!take(close)) {
      const isNegated = take(not) !== undefined;
      const token = take(tag)?.[1];
      const entity = token === undefined ? take(etag)?.[1] : undefined;
      if (token !== undefined) conditions.push({ not: isNegated, token });
      else if (entity !== undefined) conditions.push({ not: isNegated, etag: entity });
      else throw invalid();
    }
    if (conditions.length === 0) throw invalid();
    lists.push({ resource, conditions });
  }
  if (lists.length === 0) throw invalid();
  return lists;
}

/** Every lock token in the header: to name one is to submit it, whatever its list says. */
export const tokensOf = (lists: readonly StateList[]): Set<string> =>
  new Set(lists.flatMap(({ conditions }) => conditions.flatMap((condition) => ('token' in condition ? [condition.token] : []))));

/** What is known about a resource: the tokens of the locks on it, and its entity tag if it is a file that exists. */
export type ResourceState = { tokens: ReadonlySet<string>; etag: string | undefined };

/** Whether one of the lists holds. */
export async function holds(
  lists: readonly StateList[],
  stateOf: (resource: string | undefined) => Promise<ResourceState>,
): Promise<boolean> {
  for (const { resource, conditions } of lists) {
    const state = await stateOf(resource);
    const matches = (condition: StateCondition) =>
      ('token' in condition ? state.tokens.has(condition.token) : state.etag === condition.etag) !== condition.not;
    if (conditions.every(matches)) return true;
  }
  return false;
}
