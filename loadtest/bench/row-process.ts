/**
 * Measures one row, in a process of its own: no other row's code or garbage is in its numbers.
 *
 *     fork(…, [ROW, 'peers' | 'alone']), which sends RowMessages
 */
import type { Figure } from './figure.ts';
import { ROWS } from './rows.ts';

export type RowMessage = { readonly note: string } | { readonly figures: readonly Figure[] };

const [name = '', peers] = process.argv.slice(2);
const tell = (message: RowMessage) =>
  new Promise<void>((resolve) => {
    process.send?.(message, () => resolve());
  });

const row = await ROWS[name]?.();
if (row === undefined) throw new Error(`no row is called ${name}`);
const figures = await row.measure({ peers: peers === 'peers', note: (note) => void tell({ note }) });
await tell({ figures });
// Whatever a library left open is not waited for.
process.exit(0);
