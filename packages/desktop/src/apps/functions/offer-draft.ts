import {
  defaultLimits,
  offer as offerShape,
  parseUnits,
  type Address,
  type Limits,
  type Offer,
  type ProgramInfo,
  type Token,
} from '@freehold/protocol';

/** What stands in the form: texts as typed. */
export type OfferDraft = {
  name: string;
  description: string;
  price: string;
  /** A day as `<input type=date>` gives it: 2027-01-31. The offer ends with that day, in local time. */
  expires: string;
  deterministic: boolean;
  memoryMiB: string;
  cpuSeconds: string;
  wallSeconds: string;
  outputMiB: string;
  inputMiB: string;
};
export type DraftProblems = Partial<Record<keyof OfferDraft, string>>;

const mebibyte = 1024 * 1024;
const dayMs = 86_400_000;
const yearMs = 365 * dayMs;
const longestName = 63;

/** "My Program v2.wasm" → "my-program-v2": a DNS label. */
export function suggestName(fileName: string): string {
  const plain = fileName
    .replace(/\.[^.]*$/, '')
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase();
  const label = plain
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, longestName)
    .replaceAll(/^-+|-+$/g, '');
  return label || 'function';
}

/** `time` in milliseconds since the epoch as a day in local time. */
export function dayOf(time: number): string {
  const date = new Date(time);
  return [date.getFullYear(), date.getMonth() + 1, date.getDate()].map((part) => String(part).padStart(2, '0')).join('-');
}

export function newDraft({ fileName, now }: { fileName: string; now: number }): OfferDraft {
  return {
    name: suggestName(fileName),
    description: '',
    price: '0.01',
    expires: dayOf(now + yearMs),
    deterministic: false,
    memoryMiB: String(defaultLimits.memoryBytes / mebibyte),
    cpuSeconds: String(defaultLimits.cpuMs / 1000),
    wallSeconds: String(defaultLimits.wallMs / 1000),
    outputMiB: String(defaultLimits.outputBytes / mebibyte),
    inputMiB: String(defaultLimits.inputBytes / mebibyte),
  };
}

type Context = { program: ProgramInfo; token: Token; owner: Address; now: number };

/** The document to sign, or what is wrong with each field. */
export function offerOf(draft: OfferDraft, { program, token, owner, now }: Context): { offer: Offer } | { problems: DraftProblems } {
  const problems: DraftProblems = {};
  const amount = amountOf(draft.price, token, problems);
  const expiresAt = new Date(`${draft.expires}T23:59:59`).getTime();
  if (!(expiresAt > now)) problems.expires = 'Choose a day that is not over yet.';
  if (!offerShape.shape.name.safeParse(draft.name).success)
    problems.name = 'Use small letters, digits and hyphens, such as my-function. It becomes part of the address.';
  const limits: Limits = {
    memoryBytes: numberOf('memoryMiB', draft, mebibyte, [1, 4096], 'MiB', problems),
    cpuMs: numberOf('cpuSeconds', draft, 1000, [0.001, 600], 'seconds', problems),
    wallMs: numberOf('wallSeconds', draft, 1000, [0.001, 600], 'seconds', problems),
    outputBytes: numberOf('outputMiB', draft, mebibyte, [0.001, 256], 'MiB', problems),
    inputBytes: numberOf('inputMiB', draft, mebibyte, [0, 256], 'MiB', problems),
  };
  if (Object.keys(problems).length > 0) return { problems };
  return {
    offer: offerShape.parse({
      version: 1,
      name: draft.name,
      ...(draft.description.trim() ? { description: draft.description.trim() } : {}),
      interface: 'cgi',
      programs: [{ runtime: program.runtime, cid: program.cid }],
      limits,
      ...(draft.deterministic ? { deterministic: true } : {}),
      prices: [{ network: token.network, asset: token.asset, amount, payTo: owner }],
      owner,
      createdAt: now,
      expiresAt,
    }),
  };
}

function amountOf(text: string, token: Token, problems: DraftProblems): string {
  try {
    return parseUnits(text, token.decimals).toString();
  } catch {
    problems.price = `Write the price of one call in ${token.symbol}, such as 0.01, with at most ${token.decimals} decimals. 0 makes it free.`;
    return '0';
  }
}

type LimitField = 'memoryMiB' | 'cpuSeconds' | 'wallSeconds' | 'outputMiB' | 'inputMiB';

function numberOf(
  field: LimitField,
  draft: OfferDraft,
  scale: number,
  [low, high]: readonly [number, number],
  unit: string,
  problems: DraftProblems,
): number {
  const value = draft[field].trim() === '' ? Number.NaN : Number(draft[field]);
  if (!(value >= low && value <= high)) problems[field] = `Choose between ${low} and ${high} ${unit}.`;
  return Math.round(value * scale);
}
