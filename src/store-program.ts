/** The program of the store's thread: which parts there are. */
import { logPart } from './events/store/part.ts';
import { qoePart } from './qoe/store/part.ts';
import { runStore } from './store/program.ts';

runStore({ qoe: qoePart, events: logPart });
