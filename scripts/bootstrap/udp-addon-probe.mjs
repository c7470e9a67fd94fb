// Loads the UDP addon that is named and sends itself a datagram through it: `node udp-addon-probe.mjs FILE MILLISECONDS`.
// Ends with status 0 where that works, else says why in one line.
import { createRequire } from 'node:module';
import path from 'node:path';

const [file = '', patience = ''] = process.argv.slice(2);
const LOOPBACK = [4, 0, 0, 0xffff, 0x7f000001];
const STRIDE = 8;
const SLOT = 64;
const WORDS = [...Buffer.from('sluice')];

const timer = setTimeout(() => end('a datagram to 127.0.0.1 does not arrive'), Number(patience));
try {
  const addon = createRequire(import.meta.url)(path.resolve(file));
  // Two slots, and behind them what is sent.
  const slab = new Uint8Array(3 * SLOT);
  slab.set(WORDS, 2 * SLOT);
  const rx = new Int32Array(2 * STRIDE);
  const tx = new Int32Array(12);
  const engine = addon.create(slab, rx, tx, new Int32Array(1024), new Float64Array(32), onReadable, 2, SLOT, SLOT);
  const from = addon.open(engine, ...LOOPBACK, 0, 0, 0, 0, 0, -1);
  const to = addon.open(engine, ...LOOPBACK, 0, 0, 0, 0, 0, -1);
  if (from < 0 || to < 0) end(`no socket on 127.0.0.1 (${Math.min(from, to)})`);
  tx.set([from, 0, 0, 2 * SLOT, WORDS.length, ...LOOPBACK.slice(1), addon.portOf(engine, to)]);
  addon.flush(engine, 1);

  /** @param {number} count */
  function onReadable(count) {
    const [socket, offset = 0, length = 0] = rx;
    const arrived = [...slab.subarray(offset, offset + length)];
    if (count === 1 && socket === to && arrived.join() === WORDS.join()) end();
    else end('what arrives is not what was sent');
    addon.end(engine);
  }
} catch (error) {
  end(String(error instanceof Error ? error.message : error).split('\n')[0]);
}

/** @param {string} [why] */
function end(why) {
  clearTimeout(timer);
  if (why === undefined) return;
  console.error(why);
  process.exit(1);
}
