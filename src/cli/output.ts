/** What the CLI prints. People's names are other people's input: nothing of it may steer a terminal. */

/** C0 but for line feed and tab, DEL and C1, and what turns the direction of text around (Unicode TR 9). */
// oxlint-disable-next-line no-control-regex -- those are what is looked for
const STEERING = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/gu;

export type Output = {
  line(text: string): void;
  /** One line of JSON. */
  json(value: unknown): void;
  /** Columns as wide as they need be. */
  table(header: readonly string[], rows: readonly (readonly string[])[]): void;
  error(text: string): void;
};

export function createOutput(out: Pick<NodeJS.WriteStream, 'write'>, err: Pick<NodeJS.WriteStream, 'write'>): Output {
  const output: Output = {
    line: (text) => void out.write(`${harmless(text)}\n`),
    json: (value) => void out.write(`${harmless(JSON.stringify(value))}\n`),
    table(header, rows) {
      const all = [header, ...rows].map((row) => row.map((cell) => cell.replaceAll(/[\n\t]/gu, ' ')));
      const widths = header.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)));
      for (const row of all)
        output.line(
          row
            .map((cell, column) => cell.padEnd(widths[column]!))
            .join('  ')
            .trimEnd(),
        );
    },
    error: (text) => void err.write(`${harmless(text)}\n`),
  };
  return output;
}

/** As JSON would write them, so that nothing is lost. */
function harmless(text: string): string {
  return text.replaceAll(STEERING, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
