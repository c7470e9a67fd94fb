/** What DatagramIo promises, of both of its implementations. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { constants } from 'node:os';
import { describe, test } from 'node:test';

import { DATAGRAM_COUNTER_COUNT, LONGEST_DATAGRAM, SLOT_SPARE } from '../../src/relay/datagram-io.ts';
import { createDatagramIo } from '../../src/relay/datagram-create.ts';
import { installedUdpAddon } from '../../src/package.ts';
import { addressAt, IMPLEMENTATIONS, settle, startStation, textOf, until } from './datagram-io-harness.ts';

const { EADDRINUSE, EADDRNOTAVAIL } = constants.errno;

for (const kind of IMPLEMENTATIONS) {
  describe(`UDP by way of ${kind}`, () => {
    for (const host of ['127.0.0.1', '::1']) {
      test(`a datagram arrives with its bytes and its sender on ${host}`, async (t) => {
        const station = startStation(t, kind);
        const [one, other] = [station.open(host), station.open(host)];
        station.send(one, 'hello', station.addressOf(other));
        await until(() => station.arrived.length > 0, 'the datagram is there');
        const [{ socket, bytes, from } = assert.fail()] = station.arrived;
        assert.equal(socket, other);
        assert.equal(bytes.toString(), 'hello');
        assert.equal(textOf(from), textOf(station.addressOf(one)));
        assert.equal(station.count('received'), 1);
        assert.equal(station.count('sent'), 1);
      });
    }

    test('header and payload from two places leave as one datagram', async (t) => {
      const station = startStation(t, kind);
      const [one, other] = [station.open(), station.open()];
      station.send(one, 'payload', station.addressOf(other), { header: 'header ' });
      station.send(one, '', station.addressOf(other), { header: 'header alone' });
      await until(() => station.arrived.length === 2, 'both are there');
      assert.deepEqual(
        station.arrived.map(({ bytes }) => bytes.toString()),
        ['header payload', 'header alone'],
      );
    });

    test('what was received goes on from its slot, without a flush', async (t) => {
      const station = startStation(t, kind);
      const [one, other] = [station.open(), station.open()];
      station.onRecord = (socket, at) => {
        if (socket === other) station.echo(at);
      };
      for (const text of ['a', 'bb', 'ccc']) station.send(one, text, station.addressOf(other));
      await until(() => station.arrived.length === 6, 'all have come back');
      const back = station.arrived.filter(({ socket }) => socket === one);
      assert.deepEqual(
        back.map(({ bytes }) => bytes.toString()),
        ['a', 'bb', 'ccc'],
      );
    });

    test('an empty datagram is a datagram, and those behind it come', async (t) => {
      const station = startStation(t, kind);
      const [one, other] = [station.open(), station.open()];
      for (const text of ['', 'x', '', 'y']) station.send(one, text, station.addressOf(other));
      await until(() => station.arrived.length === 4, 'all four are there');
      assert.deepEqual(
        station.arrived.map(({ bytes }) => bytes.toString()),
        ['', 'x', '', 'y'],
      );
    });

    test('the longest datagrams there are arrive whole, and leave again', async (t) => {
      const station = startStation(t, kind);
      // The most that fits into an IPv4 packet, and into an IPv6 one.
      for (const [host, longest] of [['127.0.0.1', 65_507] as const, ['::1', LONGEST_DATAGRAM] as const]) {
        const [one, other] = [station.open(host), station.open(host)];
        const sent = Buffer.from(Array.from({ length: longest }, (_, i) => i % 251));
        station.onRecord = (socket, at) => {
          if (socket === other) station.echo(at);
        };
        station.arrived.length = 0;
        station.send(one, sent, station.addressOf(other));
        await until(() => station.arrived.length === 2, 'it has come back');
        for (const { bytes } of station.arrived) assert.ok(bytes.equals(sent));
      }
    });

    test('a datagram longer than a slot is counted and dropped, and those around it come', async (t) => {
      const station = startStation(t, kind, { longest: 100 });
      const [one, other] = [station.open(), station.open()];
      for (const length of [100, 101, 5000, 99]) {
        station.send(one, Buffer.alloc(length, 1), station.addressOf(other));
      }
      await until(() => station.arrived.length === 2, 'the two that fit are there');
      await settle();
      assert.deepEqual(
        station.arrived.map(({ bytes }) => bytes.length),
        [100, 99],
      );
      assert.equal(station.count('truncated'), 2);
      assert.equal(station.count('received'), 2);
    });

    test('datagrams of many lengths between many sockets keep their content and their order', async (t) => {
      const station = startStation(t, kind, { scratch: 1 << 20 });
      const senders = Array.from({ length: 8 }, () => station.open());
      const targets = Array.from({ length: 8 }, () => station.open());
      const expected = new Map<string, string[]>();
      // Lengths repeat, grow and shrink, so that runs of one length begin and end everywhere.
      for (let n = 0; n < 400; n += 1) {
        const [from, to] = [senders[n % 3]!, targets[(n * 7) % 5]!];
        const text = `${n} `.padEnd(20 + ((n >> 3) % 4) * 10 + (n % 11 === 0 ? -5 : 0), '.');
        const flow = `${station.io.portOf(from)} ${to}`;
        expected.set(flow, [...(expected.get(flow) ?? []), text]);
        station.queue(from, text, station.addressOf(to));
      }
      station.io.flush();
      await until(() => station.arrived.length === 400, 'all are there');
      const found = new Map<string, string[]>();
      for (const { socket, bytes, from } of station.arrived) {
        const flow = `${from.port} ${socket}`;
        found.set(flow, [...(found.get(flow) ?? []), bytes.toString()]);
      }
      assert.deepEqual(found, expected);
    });

    test('an address that is taken, or not ours, is refused with its errno', (t) => {
      const station = startStation(t, kind);
      const taken = station.addressOf(station.open());
      assert.equal(station.io.open(taken), -EADDRINUSE);
      assert.equal(station.io.open(addressAt('192.0.2.1', 0)), -EADDRNOTAVAIL);
      assert.equal(station.io.portOf(station.open()) > 0, true, 'and the next one opens');
    });

    test('sockets with reusePort share a port, and one of them gets each datagram', async (t) => {
      const station = startStation(t, kind);
      const shared = station.open('127.0.0.1', 0, { reusePort: true });
      const { port } = station.addressOf(shared);
      const twin = station.open('127.0.0.1', port, { reusePort: true });
      assert.equal(station.io.portOf(twin), port);
      const clients = Array.from({ length: 64 }, () => station.open());
      for (const client of clients) station.send(client, 'x', station.addressOf(shared));
      await until(() => station.arrived.length === 64, 'all are there');
      assert.deepEqual(new Set(station.arrived.map(({ socket }) => socket)), new Set([shared, twin]));
    });

    test('IPv4 and IPv6 sockets share a port without each other’s datagrams', async (t) => {
      const station = startStation(t, kind);
      const v6 = station.open('::');
      const v4 = station.open('0.0.0.0', station.io.portOf(v6));
      const client = station.open();
      station.send(client, 'x', addressAt('127.0.0.1', station.io.portOf(v6)));
      await until(() => station.arrived.length > 0, 'it is there');
      assert.equal(station.arrived[0]?.socket, v4);
    });

    test('a closed socket reports nothing more, sends nothing more, and has no port', async (t) => {
      const station = startStation(t, kind);
      const [one, other] = [station.open(), station.open()];
      const to = station.addressOf(other);
      station.send(one, 'on its way', to);
      station.io.close(other);
      station.io.close(other);
      station.send(one, 'too late', to);
      station.io.close(one);
      station.send(one, 'from nowhere', to);
      await settle();
      assert.equal(station.arrived.length, 0);
      assert.equal(station.io.portOf(other), 0);
      assert.equal(station.count('sendClosed'), 1);
    });

    test('what was queued before a close still leaves', async (t) => {
      const station = startStation(t, kind);
      const [one, other] = [station.open(), station.open()];
      station.queue(one, 'farewell', station.addressOf(other));
      station.io.close(one);
      await until(() => station.arrived.length === 1, 'it is there');
    });

    test('what others have queued leaves with the batch in which a socket was closed', async (t) => {
      const station = startStation(t, kind);
      const [client, busy, closing, target] = [station.open(), station.open(), station.open(), station.open()];
      station.onRecord = (socket) => {
        if (socket !== busy) return;
        station.queue(busy, 'an answer', station.addressOf(target));
        station.queue(closing, 'a farewell', station.addressOf(target));
        station.io.close(closing);
        station.queue(busy, 'another', station.addressOf(target));
        station.io.close(station.open());
      };
      station.send(client, 'x', station.addressOf(busy));
      await until(() => station.arrived.filter(({ socket }) => socket === target).length === 3, 'all are there');
    });

    test('a handle that is closed within a batch is not given again before its end', async (t) => {
      const station = startStation(t, kind);
      const [client, first, second] = [station.open(), station.open(), station.open()];
      const opened: number[] = [];
      const closed: number[] = [];
      station.onRecord = (socket) => {
        const other = socket === first ? second : first;
        station.io.close(other);
        closed.push(other);
        opened.push(station.open());
      };
      station.queue(client, 'x', station.addressOf(first));
      station.queue(client, 'x', station.addressOf(second));
      station.io.flush();
      await until(() => station.batches.length > 0, 'a batch is there');
      assert.ok(opened.length > 0 && opened.every((handle) => !closed.includes(handle)));
      await settle();
      station.onRecord = () => {};
      const later = [station.open(), station.open()];
      assert.ok(later.includes(closed[0]!), 'afterwards it is');
    });

    test('a busy socket keeps no other waiting for long', async (t) => {
      const station = startStation(t, kind);
      const [busy, quiet, client] = [station.open(), station.open(), station.open()];
      let rounds = 0;
      station.onRecord = (socket, at) => {
        // Two sockets that send to each other without an end.
        if (socket === busy || socket === client) {
          rounds += 1;
          station.arrived.length = 0;
          if (rounds < 20_000) station.echo(at);
        } else {
          heardAt ??= rounds;
        }
      };
      let heardAt: number | undefined;
      for (let i = 0; i < 300; i += 1) station.send(client, 'ping', station.addressOf(busy));
      station.send(client, 'and me', station.addressOf(quiet));
      await until(() => heardAt !== undefined, 'the quiet one was heard', 10_000);
      assert.ok(heardAt! < 10_000, `after ${heardAt} datagrams of the others`);
    });

    test('timers run beside a stream of datagrams without an end', async (t) => {
      const station = startStation(t, kind);
      const [one, other] = [station.open(), station.open()];
      station.onRecord = (_, at) => {
        station.arrived.length = 0;
        station.echo(at);
      };
      for (let i = 0; i < 100; i += 1) station.send(one, 'ping', station.addressOf(other));
      let ticks = 0;
      const ticking = setInterval(() => (ticks += 1), 5);
      t.after(() => clearInterval(ticking));
      await until(() => ticks >= 10, 'ten ticks', 10_000);
      station.io.end();
    });

    test('what cannot be sent is counted, and what is queued behind it leaves', async (t) => {
      const station = startStation(t, kind);
      const [one, other] = [station.open(), station.open()];
      const to = station.addressOf(other);
      station.queue(one, 'to port 0', { ...to, port: 0 });
      station.queue(one, 'of another family', addressAt('::1', to.port));
      station.queue(one, 'fine', to);
      station.io.flush();
      await until(() => station.arrived.length === 1, 'the good one is there');
      assert.equal(station.count('sendRefused'), 2);
      assert.equal(station.count('sent'), 1);
    });

    test('a datagram longer than there can be is counted, and what is queued behind it leaves', async (t) => {
      const station = startStation(t, kind, { scratch: 200_000 });
      const [one, other] = [station.open(), station.open()];
      station.queue(one, Buffer.alloc(70_000), station.addressOf(other));
      station.queue(one, 'fine', station.addressOf(other));
      station.io.flush();
      await until(() => station.arrived.length === 1, 'the good one is there');
      assert.equal(station.count('sendTooLong'), 1);
    });

    test('more can be queued than a batch brings', async (t) => {
      const station = startStation(t, kind, { slots: 2 });
      const [one, other] = [station.open(), station.open()];
      for (let n = 0; n < 1000; n += 1) station.queue(one, String(n), station.addressOf(other));
      station.io.flush();
      await until(() => station.arrived.length > 0, 'they come');
      await settle();
      assert.equal(station.count('sent'), 1000);
      const numbers = station.arrived.map(({ bytes }) => Number(bytes));
      assert.deepEqual(
        numbers,
        numbers.toSorted((a, b) => a - b),
      );
    });

    test('two thousand sockets open and close, and every descriptor comes back', async (t) => {
      const station = startStation(t, kind);
      station.open();
      const before = descriptors();
      for (let round = 0; round < 3; round += 1) {
        const sockets = Array.from({ length: 700 }, () => station.open());
        assert.equal(new Set(sockets).size, sockets.length);
        assert.ok(Math.max(...sockets) <= 700, 'handles are dense');
        assert.equal(descriptors(), before + 700);
        for (const socket of sockets) station.io.close(socket);
        await until(() => descriptors() === before, 'all are closed');
      }
    });

    test('the caller’s regions lie in the slab, apart from each other and from the slots', (t) => {
      const { io } = startStation(t, kind, { slots: 4, longest: 1000, scratch: 500, spare: 300 });
      assert.equal(io.scratch.length, 500);
      assert.equal(io.spare.length, 300);
      assert.ok(io.scratch.offset >= 1000 + SLOT_SPARE);
      assert.ok(io.spare.offset >= io.scratch.offset + 500);
      assert.ok(io.slab.length >= io.spare.offset + 300);
      assert.equal(io.view.buffer, io.slab.buffer);
      assert.throws(() => structuredClone(io.slab, { transfer: [io.slab.buffer] }), /transfer|clone/i);
    });

    test('it counts in memory that another thread may read', async (t) => {
      const shared = new Float64Array(new SharedArrayBuffer(8 * (DATAGRAM_COUNTER_COUNT + 3)), 24);
      const station = startStation(t, kind, { counters: shared });
      const [one, other] = [station.open(), station.open()];
      station.send(one, 'x', station.addressOf(other));
      await until(() => station.arrived.length === 1, 'it is there');
      assert.equal(new Float64Array(shared.buffer)[3], 1);
    });

    test('sizes that cannot be are refused', () => {
      const options = {
        addon: kind === 'addon' ? ('on' as const) : ('off' as const),
        addonPath: installedUdpAddon(),
        handlers: { onBatch: () => {}, onError: () => {} },
      };
      for (const sizes of [{ slots: 0 }, { longest: 65_528 }, { scratch: -1 }, { spare: 0.5 }]) {
        assert.throws(() => createDatagramIo({ ...options, ...sizes }), RangeError);
      }
    });

    test('after the end nothing opens, nothing arrives, and no descriptor is left', async (t) => {
      const before = descriptors();
      const station = startStation(t, kind);
      const [one, other] = [station.open(), station.open()];
      station.send(one, 'x', station.addressOf(other));
      station.io.end();
      station.io.end();
      station.io.close(one);
      assert.ok(station.io.open(addressAt('127.0.0.1', 0)) < 0);
      await until(() => descriptors() <= before, 'all are closed');
      assert.equal(station.arrived.length, 0);
    });

    test('it may end within a batch', async (t) => {
      const station = startStation(t, kind);
      const [one, other] = [station.open(), station.open()];
      station.onRecord = () => station.io.end();
      for (let n = 0; n < 10; n += 1) station.queue(one, 'x', station.addressOf(other));
      station.io.flush();
      await until(() => station.batches.length > 0, 'a batch is there');
      await settle();
      assert.equal(station.batches.length, 1);
    });
  });
}

function descriptors(): number {
  return readdirSync('/proc/self/fd').length;
}
