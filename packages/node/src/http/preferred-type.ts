/**
 * Which of our media types a client would rather have (RFC 9110 §12.5.1): the one with the greatest weight, ours first among equals.
 * The first one also where it wants none of them: a refusal must say something.
 */
export function preferredType<Type extends string>(accept: string | undefined, types: readonly [Type, ...Type[]]): Type {
  const [first] = types;
  if (accept === undefined) return first;
  const ranges = accept.split(',').map(parseRange);
  const weigh = (type: string) => {
    const [kind = ''] = type.split('/', 1);
    const match = [type, `${kind}/*`, '*/*'].map((name) => ranges.find((range) => range.name === name)).find(Boolean);
    return match?.weight ?? 0;
  };
  let best = first;
  for (const type of types) if (weigh(type) > weigh(best)) best = type;
  return best;
}

function parseRange(text: string): { name: string; weight: number } {
  const [name = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const weight = parameters.map((parameter) => /^q=([01](\.\d{0,3})?)$/.exec(parameter)?.[1]).find(Boolean);
  return { name, weight: weight === undefined ? 1 : Number(weight) };
}
