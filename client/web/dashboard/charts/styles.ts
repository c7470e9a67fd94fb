/** How lines are told apart: by colour, and for those who do not see that, by their dashes. */

/** Colours of charts.css: `--line-0` to `--line-7`. */
export const COLOURS = 8;
const DASHES: readonly (readonly number[])[] = [[], [7, 3], [2, 3], [10, 3, 2, 3]];

export function colourOf(style: number): string {
  return `--line-${style % COLOURS}`;
}

/** Neighbours differ in both; 32 lines pass until one looks like another. */
export function dashOf(style: number): readonly number[] {
  return DASHES[(style + Math.floor(style / COLOURS)) % DASHES.length]!;
}
