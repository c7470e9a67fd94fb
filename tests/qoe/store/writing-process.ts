/** Writes a point a tenth of a second to the store at the path that it is given, tells how far it is, and never ends by itself. */
import { openStore } from '../../../src/qoe/store/store.ts';
import { startStoreThread } from '../../../src/store/store-thread.ts';
import { begin, pointAt, written } from './store.ts';

const [path, first] = process.argv.slice(2);
const store = openStore({ thread: startStoreThread(), path: path!, log: () => undefined });
const key = begin(store, 'killed');
// A thread may take its time to start: how long it writes counts from here.
store.add(pointAt(key, Number(first)));
await written(store, 1);
let second = 1;
setInterval(() => {
  store.add(pointAt(key, Number(first) + second));
  second += 1;
  process.stdout.write(`${second} ${Date.now()}\n`);
}, 20);
