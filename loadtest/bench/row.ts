import type { Figure } from './figure.ts';

/** What a row may use. */
export type RowContext = {
  /** Whether peers are to be measured beside; they are installed then. */
  readonly peers: boolean;
  /** Tells a person what cannot be a figure: what was left out and why, what a figure does not say. */
  readonly note: (text: string) => void;
};

/** One row of the table: its figures are measured together, in a process of their own. */
export type Row = {
  /** What is timed, in a sentence. */
  readonly about: string;
  /** The first figure's metric is the row's name. */
  measure(context: RowContext): Promise<readonly Figure[]> | readonly Figure[];
};
