import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';

import type { Order, Report } from '../../../src/qoe/store/control.ts';
import { openStore, type QoeStore } from '../../../src/qoe/store/store.ts';
import type { StoreThread } from '../../../src/store/store-thread.ts';
import { smallDisk } from '../../support/small-disk.ts';
import { begin, NOW, open, pointAt, scratch, until, written } from './store.ts';

test('while another process holds the file, points wait; then they are all there', async (t) => {
  const path = scratch(t);
  const other = new DatabaseSync(path);
  t.after(() => other.isOpen && other.close());
  other.exec('BEGIN EXCLUSIVE');
  const { store, lines } = open(t, path);
  const key = begin(store, 'a');
  for (let second = 0; second < 50; second += 1) store.add(pointAt(key, NOW + second));
  await until(() => store.state.fault?.why === 'locked', 'the lock is seen');
  await assert.rejects(store.ask({ type: 'session', id: 'a' }), { code: 'store-unavailable' });
  other.close();
  await written(store, 50);
  assert.equal(store.state.fault, undefined);
  assert.equal((await store.ask({ type: 'session', id: 'a' }))?.excellent, 50);
  assert.deepEqual(lines, ['the QoE store cannot be written', 'the QoE store can be written again']);
});

test('no other process opens the file meanwhile, and none can harm the thread by what lies beside it', async (t) => {
  const path = scratch(t);
  const { store } = open(t, path);
  const key = begin(store, 'a');
  store.add(pointAt(key, NOW));
  await written(store, 1);
  const other = new DatabaseSync(path);
  t.after(() => other.close());
  assert.throws(() => other.exec('SELECT * FROM session'), { errcode: 5 });
  // A file that is mapped and cut short kills the process that reads it on.
  for (const name of readdirSync(dirname(path))) {
    if (name !== basename(path)) truncateSync(join(dirname(path), name));
  }
  for (let second = 1; second < 1000; second += 1) store.add(pointAt(key, NOW + second));
  await until(() => store.state.written === 1000, 'it goes on');
});

test('a full disk: what came goes on waiting, in bounds; with room again, it is written', async (t) => {
  const folder = smallDisk(t, '2m');
  if (folder === undefined) return t.skip('needs root, for a small tmpfs');
  const { store } = open(t, join(folder, 'qoe.sqlite'));
  const key = begin(store, 'a');
  store.add(pointAt(key, NOW));
  await written(store, 1);
  const ballast = join(folder, 'ballast');
  fill(ballast);
  await fillUntil(store, key, () => store.state.fault !== undefined);
  assert.equal(store.state.fault?.why, 'full');
  const { written: before, waiting, underway } = store.state;
  assert.ok(waiting + underway > 0);
  rmSync(ballast);
  await until(() => store.state.fault === undefined && store.state.waiting + store.state.underway === 0, 'it heals');
  assert.ok(store.state.written > before);
  const { excellent } = (await store.ask({ type: 'session', id: 'a' }))!;
  assert.equal(excellent, store.state.written, 'each point once');
});

test('a file that is no database is moved aside, and sessions that go on are in the new one', async (t) => {
  const path = scratch(t);
  const first = open(t, path);
  const key = begin(first.store, 'a');
  first.store.add(pointAt(key, NOW));
  await written(first.store, 1);
  await first.store.close();
  writeFileSync(path, 'this is no database '.repeat(1000));
  const { store, lines } = open(t, path);
  const again = begin(store, 'b');
  store.add(pointAt(again, NOW));
  await written(store, 1);
  assert.equal(store.state.fault, undefined);
  assert.equal((await store.ask({ type: 'session', id: 'b' }))?.excellent, 1);
  assert.ok(lines.includes('the QoE store was corrupt and begins anew'));
  assert.match(store.state.setAside ?? '', /qoe\.sqlite\.corrupt-\d+$/u);
  assert.ok(existsSync(store.state.setAside!));
});

test('a thread that does not answer is told of, until it does; nothing waits for it', async (t) => {
  const sent: Order[] = [];
  let answer: ((report: Report) => void) | undefined;
  const thread: StoreThread = {
    attach(_, __, its) {
      answer = (report) => its.heard(report as never);
      return { running: true, send: (order) => void sent.push(order as Order), close: () => Promise.resolve() };
    },
    close: () => Promise.resolve(),
  };
  const store = openStore({ thread, path: ':memory:', log: () => undefined, stalledAfter: 300 });
  t.after(() => store.close());
  store.add(pointAt(begin(store, 'a'), NOW));
  assert.equal(store.state.fault, undefined);
  await until(() => store.state.fault?.why === 'thread', 'it is said');
  const last = sent.at(-1);
  assert.ok(last?.type === 'write');
  answer?.({ type: 'written', sequence: last.sequence });
  assert.deepEqual([store.state.fault, store.state.written], [undefined, 1]);
});

test('a folder that is missing: the server starts without it, and writes when it is there', async (t) => {
  const path = join(dirname(scratch(t)), 'later', 'qoe.sqlite');
  const { store } = open(t, path);
  store.add(pointAt(begin(store, 'a'), NOW));
  await until(() => store.state.fault?.why === 'unwritable', 'it is said');
  mkdirSync(dirname(path));
  await written(store, 1);
  assert.equal(store.state.fault, undefined);
});

test('what waits is bounded: the oldest points are dropped, and counted', async (t) => {
  const path = join(dirname(scratch(t)), 'never', 'qoe.sqlite');
  const { store } = open(t, path);
  const key = begin(store, 'a');
  for (let index = 0; index < 150_000; index += 1) store.add(pointAt(key, NOW + index));
  const { waiting, underway, dropped } = store.state;
  assert.equal(waiting + underway + dropped, 150_000);
  assert.equal(waiting, 100_000);
});

test('a file of a newer version is left alone', async (t) => {
  const path = scratch(t);
  const newer = new DatabaseSync(path);
  newer.exec('CREATE TABLE future (x); PRAGMA user_version = 99');
  newer.close();
  const { store } = open(t, path);
  store.add(pointAt(begin(store, 'a'), NOW));
  await until(() => store.state.fault?.why === 'failed', 'it is said');
  assert.match(store.state.fault!.message, /newer version/u);
  const same = new DatabaseSync(path);
  assert.equal(same.prepare('PRAGMA user_version').get()?.['user_version'], 99);
  same.close();
});

/** Leaves some hundred KB. */
function fill(path: string): void {
  writeFileSync(path, Buffer.alloc(1_200_000));
}

async function fillUntil(store: QoeStore, key: number, done: () => boolean): Promise<void> {
  let second = 1;
  await until(() => {
    for (let index = 0; index < 1000; index += 1) store.add(pointAt(key, NOW + second++));
    return done();
  }, 'the disk is full');
}
