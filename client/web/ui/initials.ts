/** Colours that theme-independent avatars come in; ui/base.css has one rule for each. */
export const AVATAR_HUES = 8;

/** Up to two letters that stand for `name`: of its first and last word. "?" where it has no letter or digit. */
export function initialsOf(name: string): string {
  const words = name.match(/[\p{L}\p{N}][\p{L}\p{N}\p{M}'’-]*/gu) ?? [];
  const first = words[0];
  const last = words.length > 1 ? words.at(-1) : undefined;
  return [first, last].map((word) => (word ? firstLetter(word) : '')).join('') || '?';
}

/** A number below `AVATAR_HUES` that is always the same for the same name. */
export function hueOf(name: string): number {
  let hash = 0;
  for (const letter of name) hash = (Math.imul(hash, 31) + (letter.codePointAt(0) ?? 0)) >>> 0;
  return hash % AVATAR_HUES;
}

function firstLetter(word: string): string {
  const [first = ''] = word;
  // Upper case may give two letters ("ß" → "SS"): the first one stands for both.
  const [upper = ''] = first.toLocaleUpperCase('en');
  return upper;
}
