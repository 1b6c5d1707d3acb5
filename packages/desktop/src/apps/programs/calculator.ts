/** Names of the exports of the calculator's module, by the sign of the key. */
export const operations = { '+': 'add', '−': 'subtract', '×': 'multiply', '÷': 'divide' } as const;
export type Operator = keyof typeof operations;
export type Key = Operator | '=' | '.' | 'clear' | 'back' | 'sign' | '0' | '1' | '2' | '3' | '4' | '5' | '6' | '7' | '8' | '9';

export type Calculator = {
  /** What is being typed, or the last result, as JavaScript writes numbers. */
  value: string;
  /** The left side of what is to be computed. */
  left: string | null;
  operator: Operator | null;
  /** The next digit begins a new number. */
  isFresh: boolean;
};
/** To be computed by the program; `following` is the operator that goes on with the result. */
export type Question = { left: string; operator: Operator; right: string; following: Operator | null };

export const cleared: Calculator = { value: '0', left: null, operator: null, isFresh: true };
const mostDigits = 15;

const keys: Record<string, Key> = {
  '/': '÷',
  ':': '÷',
  '*': '×',
  x: '×',
  '-': '−',
  Enter: '=',
  ',': '.',
  Escape: 'clear',
  Delete: 'clear',
  Backspace: 'back',
};

/** The key of the calculator for a key of the keyboard. */
export function keyOf(pressed: string): Key | undefined {
  if (/^[0-9.+=−×÷]$/.test(pressed)) return pressed as Key;
  return keys[pressed];
}

/** What a key does; a question when something is to be computed first. */
export function press(state: Calculator, key: Key): { state: Calculator; ask?: Question } {
  const { value, left, operator, isFresh } = state;
  if (key === 'clear') return { state: cleared };
  if (key === 'sign') return { state: { ...state, value: value.startsWith('-') ? value.slice(1) : value === '0' ? value : `-${value}` } };
  if (key === 'back') return { state: isFresh ? state : typed(state, value.replace(/^-?.$|.$/, '') || '0') };
  if (key === '.') return { state: isFresh ? typed(state, '0.') : value.includes('.') ? state : typed(state, `${value}.`) };
  if (key === '=' || key in operations) {
    const next = key === '=' ? null : (key as Operator);
    if (left !== null && operator !== null && (!isFresh || next === null))
      return { state, ask: { left, operator, right: value, following: next } };
    return { state: { value, left: next === null ? null : value, operator: next, isFresh: true } };
  }
  if (isFresh || value === '0') return { state: typed(state, key) };
  return { state: value.replace(/\D/g, '').length < mostDigits ? typed(state, value + key) : state };
}

const typed = (state: Calculator, value: string): Calculator => ({ ...state, value, isFresh: false });

/** With the answer of the program. */
export const answered = ({ following }: Question, value: string): Calculator => ({
  value,
  left: following === null ? null : value,
  operator: following,
  isFresh: true,
});

/** Twelve digits are shown, and what is no number in words. */
export function shown(value: string): string {
  const number = Number(value);
  if (!Number.isFinite(number)) return Number.isNaN(number) ? 'Not a number' : `${number < 0 ? '−' : ''}∞`;
  const isTyped = value.length <= mostDigits + 2 && !value.includes('e');
  return (isTyped ? value : String(Number(number.toPrecision(12)))).replace('-', '−');
}
