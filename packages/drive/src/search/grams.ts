/** From here on a character is a word, or close to one: Chinese, Japanese, Korean, emoji. */
const wide = 0x2e80;
const separators = ' -_.,;+&@#=~()[]{}';
/** Grams that one question may have: more of them narrow nothing further. */
const maximumGrams = 48;

const isWide = (character: string) => (character.codePointAt(0) ?? 0) >= wide;

/** Whether a short word must stand at a beginning: anywhere it would be in nearly every name. */
const isShort = (characters: readonly string[]) => characters.length < 3 && !characters.some(isWide);

/**
 * Whether a folded name answers to all folded words. A word is found anywhere in the name; of one or two characters (other than Chinese,
 * Japanese, Korean, emoji) at the beginning of the name, two also at the beginning of a word in it.
 */
export function answers(folded: string, words: readonly string[]): boolean {
  return words.every((word) => {
    if (!isShort(Array.from(word))) return folded.includes(word);
    if (folded.startsWith(word)) return true;
    if (word.length < 2) return false;
    for (let at = folded.indexOf(word, 1); at > 0; at = folded.indexOf(word, at + 1))
      if (separators.includes(folded[at - 1] ?? 'x')) return true;
    return false;
  });
}

export type Question = {
  /** Grams that every answer has. */ all: string[];
  /** The gram that tells names which begin with the first word. */ first: string;
};

/** The grams of a question, mirror image of those that migration 0007 gives to names. */
export function gramsOf(words: readonly string[]): Question {
  const all = new Set<string>();
  for (const word of words) {
    const characters = Array.from(word);
    if (isShort(characters)) {
      all.add(characters.length === 1 ? `//${word}` : `/${word}`);
      continue;
    }
    characters.forEach((character, at) => {
      const three = characters.slice(at, at + 3);
      if (isWide(character)) all.add(three.slice(0, 2).join(''));
      else if (three.length === 3) all.add(three.join(''));
    });
  }
  const characters = Array.from(words[0] ?? '');
  const first = `//${characters.length < 3 ? (characters[0] ?? '') : characters.slice(0, 3).join('')}`;
  return { all: [...all].slice(0, maximumGrams), first };
}
