// More than letters take of the list's font at its usual size, px.
const letterPx = 9;
const wideLetterPx = 13;
const wideLetters = new Set("mwMW%@".split("").map((letter) => letter.charCodeAt(0)));

function isWide(code: number): boolean {
  return (code >= 65 && code <= 90) || wideLetters.has(code);
}

/*
 * Whether one line of `text` takes no more than so many pixels whatever its
 * letters are. Of what is not ASCII nothing is known: one sign may be as wide
 * as a word.
 */
export function surelyFits(text: string, px: number): boolean {
  if (text.length * letterPx > px) return false;
  let need = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code < 32 || code > 126) return false;
    need += isWide(code) ? wideLetterPx : letterPx;
  }
  return need <= px;
}
