/**
 * Writes src/stun/sha1-compress.ts, sha1-compress-outer.ts and md5-compress.ts: the compression functions with their rounds
 * written out, which V8 turns into register code that a loop over an array cannot match (a third of the time).
 *
 *     node scripts/generate-hash-rounds.mjs
 *
 * tests/stun/generated-rounds.test.ts fails where the files are not what this would write.
 */
import { writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const NOTE = '// Written by scripts/generate-hash-rounds.mjs: change that, and run it again.';
const indexes = Array.from({ length: 16 }, (_, index) => index);

/** The names of `names` as they are in round `round`, in which each has moved on by one place. */
const rotated = (/** @type {string[]} */ names, /** @type {number} */ round) =>
  names.map((_, place) => names[(place - (round % names.length) + names.length) % names.length]);

/**
 * The lines of all rounds: `count` of them for each of the functions, which take turns in this order.
 * @template F
 * @param {F[]} functions
 * @param {number} count
 * @param {(turn: F, round: number) => string[]} lines
 */
function eachRound(functions, count, lines) {
  return functions.flatMap((turn, quarter) => {
    return Array.from({ length: count }, (_, index) => lines(turn, count * quarter + index)).flat();
  });
}

/**
 * FIPS 180-4 §6.1.2, with the schedule as a rolling window of 16 words (§6.1.3). Words are read in the rounds that need
 * them, so that fewer wait in registers.
 * @param {(string | number)[]} words The block: how each word is read, or what it always is.
 */
function sha1Rounds(words) {
  const functions = [
    { constant: 0x5a827999, f: (/** @type {string[]} */ [, b, c, d]) => `(${d} ^ (${b} & (${c} ^ ${d})))` },
    { constant: 0x6ed9eba1, f: (/** @type {string[]} */ [, b, c, d]) => `(${b} ^ ${c} ^ ${d})` },
    {
      constant: -0x70e44324,
      f: (/** @type {string[]} */ [, b, c, d]) => `((${b} & ${c}) | (${d} & (${b} | ${c})))`,
    },
    { constant: -0x359d3e2a, f: (/** @type {string[]} */ [, b, c, d]) => `(${b} ^ ${c} ^ ${d})` },
  ];
  const window = words.map((word) => (typeof word === 'number' ? word : undefined));
  const declared = new Set();
  return eachRound(functions, 20, ({ constant, f }, round) => {
    const [a = '', b = '', c = '', d = '', e = ''] = rotated(['a', 'b', 'c', 'd', 'e'], round);
    const place = round & 15;
    const lines = [];
    if (round >= 16) lines.push(...scheduled(window, round));
    else if (window[place] === undefined) lines.push(`w${place} = ${words[round]};`);
    const known = window[place];
    if (known === undefined && !declared.has(place)) {
      declared.add(place);
      lines.push(`let ${lines.pop()}`);
    }
    return [
      ...lines,
      // What the round before has just made, `a`, comes in last: the rest of the sum need not wait for it.
      known === undefined
        ? `${e} = (((${e} + ${hexadecimal(constant)}) | 0) + w${place}) | 0;`
        : `${e} = (${e} + ${hexadecimal((constant + known) | 0)}) | 0;`,
      `${e} = (((${e} + ${f([a, b, c, d])}) | 0) + ((${a} << 5) | (${a} >>> 27))) | 0;`,
      `${b} = (${b} << 30) | (${b} >>> 2);`,
    ];
  });
}

/**
 * The lines that make the word of `round`, or none where it is always the same, which `window` then says.
 * @param {(number | undefined)[]} window
 * @param {number} round
 */
function scheduled(window, round) {
  // The newest word last: it may still be on its way.
  const places = [16, 14, 8, 3].map((back) => (round - back) & 15);
  const known = places.reduce((sum, place) => sum ^ (window[place] ?? 0), 0);
  const open = places.filter((place) => window[place] === undefined).map((place) => `w${place}`);
  if (open.length === 0) {
    window[round & 15] = (known << 1) | (known >>> 31);
    return [];
  }
  window[round & 15] = undefined;
  const sum = [...(known === 0 ? [] : [hexadecimal(known)]), ...open].join(' ^ ');
  return [`t = ${sum};`, `w${round & 15} = (t << 1) | (t >>> 31);`];
}

/** @param {string[]} rounds */
const sha1Body = (rounds, into = 'into') => `let a = chain[from]!;
  let b = chain[from + 1]!;
  let c = chain[from + 2]!;
  let d = chain[from + 3]!;
  let e = chain[from + 4]!;
  let t = 0;
  ${rounds.join('\n  ')}
  ${['a', 'b', 'c', 'd', 'e'].map((name, index) => `${into}[${index}] = chain[from${index === 0 ? '' : ` + ${index}`}]! + ${name};`).join('\n  ')}`;

export function sha1Source() {
  return `${NOTE}

/**
 * SHA-1's compression function (FIPS 180-4 §6.1.2): the five words at \`from\` of \`chain\` and the 64 bytes at \`at\` of
 * \`view\` become the five words at 0 of \`into\`, which may be \`chain\`.
 *
 * @param first The block's first word, as an int32: given by the caller, so that a length field in it can be another than
 *   the one that lies in the message.
 */
export function sha1Compress(
  chain: Int32Array,
  from: number,
  into: Int32Array,
  view: DataView,
  at: number,
  first: number,
): void {
  ${sha1Body(sha1Rounds(indexes.map((index) => (index === 0 ? 'first' : `view.getInt32(at + ${4 * index})`))))}
}
`;
}

/** What HMAC's outer hash adds to its pad: a digest, the bit that ends the text, and the length of 64 + 20 bytes in bits. */
const OUTER_BLOCK = [
  ...indexes.slice(0, 5).map((index) => `digest[${index}]!`),
  0x80000000 | 0,
  ...Array(9).fill(0),
  672,
];

export function sha1OuterSource() {
  return `${NOTE}

/**
 * The last block of an HMAC's outer hash (RFC 2104 §2): sha1Compress over the five words at 0 of \`digest\` and the padding
 * that always follows them, which is worked into the rounds. \`chain\` stands for the pad; \`digest\` becomes the HMAC.
 */
export function sha1CompressOuter(chain: Int32Array, from: number, digest: Int32Array): void {
  ${sha1Body(sha1Rounds(OUTER_BLOCK), 'digest')}
}
`;
}

/** RFC 1321 §3.4. */
export function md5Source() {
  const functions = [
    {
      shifts: [7, 12, 17, 22],
      word: (/** @type {number} */ i) => i,
      f: (/** @type {string[]} */ [b, c, d]) => `(${d} ^ (${b} & (${c} ^ ${d})))`,
    },
    {
      shifts: [5, 9, 14, 20],
      word: (/** @type {number} */ i) => 5 * i + 1,
      f: (/** @type {string[]} */ [b, c, d]) => `(${c} ^ (${d} & (${b} ^ ${c})))`,
    },
    {
      shifts: [4, 11, 16, 23],
      word: (/** @type {number} */ i) => 3 * i + 5,
      f: (/** @type {string[]} */ [b, c, d]) => `(${b} ^ ${c} ^ ${d})`,
    },
    {
      shifts: [6, 10, 15, 21],
      word: (/** @type {number} */ i) => 7 * i,
      f: (/** @type {string[]} */ [b, c, d]) => `(${c} ^ (${b} | ~${d}))`,
    },
  ];
  const rounds = eachRound(functions, 16, ({ shifts, word, f }, round) => {
    const [a = '', b = '', c = '', d = ''] = rotated(['a', 'b', 'c', 'd'], round);
    const shift = shifts[round % 4] ?? 0;
    const constant = Math.floor(Math.abs(Math.sin(round + 1)) * 2 ** 32) | 0;
    return [
      `t = (((((${a} + ${hexadecimal(constant)}) | 0) + w${word(round) & 15}) | 0) + ${f([b, c, d])}) | 0;`,
      `${a} = (${b} + ((t << ${shift}) | (t >>> ${32 - shift}))) | 0;`,
    ];
  });
  return `${NOTE}

/** MD5's compression function (RFC 1321 §3.4): the 64 bytes at \`at\` of \`view\` are mixed into the four words of \`chain\`. */
export function md5Compress(chain: Int32Array, view: DataView, at: number): void {
  ${indexes.map((index) => `const w${index} = view.getInt32(at + ${4 * index}, true);`).join('\n  ')}
  let a = chain[0]!;
  let b = chain[1]!;
  let c = chain[2]!;
  let d = chain[3]!;
  let t = 0;
  ${rounds.join('\n  ')}
  chain[0] = chain[0]! + a;
  chain[1] = chain[1]! + b;
  chain[2] = chain[2]! + c;
  chain[3] = chain[3]! + d;
}
`;
}

const hexadecimal = (/** @type {number} */ value) =>
  value < 0 ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`;

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const sources = {
    'sha1-compress': sha1Source(),
    'sha1-compress-outer': sha1OuterSource(),
    'md5-compress': md5Source(),
  };
  for (const [name, source] of Object.entries(sources)) {
    writeFileSync(new URL(`../src/stun/${name}.ts`, import.meta.url), source);
  }
}
