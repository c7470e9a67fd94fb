/**
 * Files of the store that somebody or some disk writes over, cuts short or empties while they are open: within some attempts
 * it is written again, to the same file or to a new one, and nothing waits for ever. Run more of it with
 *
 *     SLUICE_FUZZ_ROUNDS=300 node --import ./tests/setup.ts --test tests/qoe/store/damaged-files.test.ts
 */
import assert from 'node:assert/strict';
import { closeSync, openSync, readdirSync, statSync, truncateSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';

import type { Report } from '../../../src/qoe/store/control.ts';
import { PointBuffer } from '../../../src/qoe/store/point-buffer.ts';
import { DEFAULT_RETENTION } from '../../../src/qoe/store/store.ts';
import { Writer } from '../../../src/qoe/store/writer.ts';
import { NOW, pointAt, scratch } from './store.ts';

const ROUNDS = Number(process.env['SLUICE_FUZZ_ROUNDS'] ?? 12);
/** Attempts after the damage within which it has to be written again. */
const ATTEMPTS = 20;

for (let seed = 1; seed <= ROUNDS; seed += 1) {
  test(`whatever is done to its files, the store is written again (seed ${seed})`, { timeout: 120_000 }, (t) => {
    const random = seededRandom(seed);
    const path = scratch(t);
    const store = writeTo(path);
    t.after(() => store.close());
    for (let batch = 0; batch < 4 + random(8); batch += 1)
      assert.ok(store.write(100 + random(600)), 'before the damage');

    const done = Array.from({ length: 1 + random(5) }, () => damage(path, random)).join(', ');
    let attempts = 0;
    while (!store.write(200)) {
      attempts += 1;
      assert.ok(attempts < ATTEMPTS, `${done}: ${store.faults.join(', ')}`);
    }
    store.ask();
    assert.ok(store.write(200), `${done}: and again`);
  });
}

type Random = (below: number) => number;

/** Overwrites a part of one of the files, or cuts it short. Says what it did. */
function damage(path: string, random: Random): string {
  const files = readdirSync(dirname(path)).filter((name) => name.startsWith(basename(path)));
  const name = files[random(files.length)]!;
  const file = join(dirname(path), name);
  const { size } = statSync(file);
  if (random(6) === 0) {
    const left = random(size + 1);
    truncateSync(file, left);
    return `${name} cut to ${left}`;
  }
  const at = random(3) === 0 ? random(Math.min(size, 200)) : random(size);
  const length = Math.min(size - at, [1, 4, 100, 4096, 40_000][random(5)]!);
  const bytes = Buffer.alloc(length, [0, 255, 65, 1][random(4)]);
  if (random(2) === 0) for (let index = 0; index < length; index += 1) bytes[index] = random(256);
  const handle = openSync(file, 'r+');
  writeSync(handle, bytes, 0, length, at);
  closeSync(handle);
  return `${name} ${length} bytes at ${at}`;
}

/** A writer whose clock goes on by half a second with each look. */
function writeTo(path: string) {
  const faults: string[] = [];
  let clock = NOW * 1000;
  let written = 0;
  let sequence = 0;
  let t = NOW - 5000;
  const tell = (report: Report) => {
    if (report.type === 'written') written = report.sequence;
    else if (report.type === 'fault') faults.push(`${report.why} (${report.message})`);
    else faults.push(report.type);
  };
  const start = { path, retention: DEFAULT_RETENTION, writer: 1, busyTimeout: 20, retryAfter: 1 };
  const writer = new Writer(start, tell, () => (clock += 500));
  const attempt = (act: () => unknown) => {
    try {
      act();
    } catch {
      // What cannot be read is refused.
    }
  };
  return {
    faults,
    /** Another batch. Whether everything so far is committed. */
    write(points: number): boolean {
      const buffer = new PointBuffer(10_000);
      for (let index = 0; index < points; index += 1) {
        buffer.add(pointAt(1 + (index % 7), t + Math.floor(index / 7), { cause: index % 5, cost: 3 }));
      }
      t += Math.ceil(points / 7);
      sequence += 1;
      const id = `s${sequence}`;
      const starts = [{ key: sequence, id, room: `r${sequence % 5}`, roomId: 'x', identity: 'ann', joined: t * 1000 }];
      writer.take({ sequence, batch: { starts, changes: [], points: buffer.take(10_000) } });
      writer.deleteOld();
      return written === sequence;
    },
    ask() {
      attempt(() => writer.ask({ type: 'sessions', limit: 50 }));
      attempt(() => writer.ask({ type: 'costs', from: 0, to: 2e12 }));
      attempt(() =>
        writer.ask({ type: 'timeline', keys: [1, 2, 3], from: (t - 4000) * 1000, to: t * 1000, step: 'p10' }),
      );
    },
    close: () => writer.close(),
  };
}

/** A linear congruential generator: whole numbers from 0. */
function seededRandom(seed: number): Random {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
