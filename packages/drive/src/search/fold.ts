/** Characters of a folded name that count; the index was made for no more. */
const maximumLength = 300;

/**
 * Text as the search compares it: without case, without the accents of European letters, and with compatible forms (full width, ligatures)
 * as one. "Résumé" and "RESUME" fold to the same. Other marks stay: in many scripts they are letters.
 */
export function foldText(text: string): string {
  if (/^[ -~]*$/.test(text)) return text.toLowerCase();
  const plain = text
    .toWellFormed()
    .normalize('NFKD')
    .replace(/[\u0300-\u036F]/g, '');
  // By way of the upper case, so that ß finds ss; a sigma is the same at the end of a word.
  return plain
    .toUpperCase()
    .toLowerCase()
    .replaceAll('ς', 'σ')
    .normalize('NFC')
    .replace(/\p{Cc}+/gu, ' ');
}

export function foldName(name: string): string {
  const folded = foldText(name);
  return folded.length <= maximumLength ? folded : Array.from(folded).slice(0, maximumLength).join('');
}
