import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import { decodeFrame, encodeFrame } from '../../src/rooms/data-frame.ts';
import type { DataHeader, DeliveredHeader } from '../../src/rooms/data-header.ts';
import type { RoomsOptions } from '../../src/rooms/rooms.ts';
import { createRoomsWorld, DATA, type Guest, settle } from '../support/rooms.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

test('a message to everyone reaches everyone else, over signaling and over channels, and names its sender', async () => {
  const { world, ada, bob, cy } = await threeInARoom();
  await cy.participant.requests.openData();
  await ada.participant.sendData('reliable', { t: 'message', topic: 'hello' }, bytes('hi'));
  assert.deepEqual(heard(bob), [['hi', { t: 'message', from: ada.participant.id, topic: 'hello' }]]);
  assert.deepEqual(overChannel(world, cy), heard(bob));
  assert.deepEqual(heard(cy), [], 'not twice');
  assert.deepEqual(heard(ada), [], 'not to oneself');
});

test('a message to some reaches nobody else, whichever way they receive', async () => {
  const { world, ada, bob, cy } = await threeInARoom();
  await bob.participant.requests.openData();
  await cy.participant.requests.openData();
  await ada.participant.sendData('lossy', { t: 'message', to: [bob.participant.id] }, bytes('psst'));
  assert.deepEqual(overChannel(world, bob), [['psst', { t: 'message', from: ada.participant.id, direct: true }]]);
  assert.deepEqual([...overChannel(world, cy), ...heard(cy)], []);
});

test('what comes over a channel is taken as what comes over signaling', async () => {
  const { world, ada, bob } = await threeInARoom();
  await ada.participant.requests.openData();
  channelOf(world, ada).send('reliable', encodeFrame({ t: 'message' }, bytes('over')));
  assert.deepEqual(heard(bob), [['over', { t: 'message', from: ada.participant.id }]]);
});

test('a call is answered by the one who was called, and by nobody else', async () => {
  const { ada, bob, cy } = await threeInARoom();
  const call: DataHeader = { t: 'call', to: bob.participant.id, id: 7, method: 'add' };
  await ada.participant.sendData('reliable', call, bytes('1+1'));
  assert.deepEqual(heard(bob), [['1+1', { t: 'call', from: ada.participant.id, id: 7, method: 'add' }]]);
  const answer: DataHeader = { t: 'answer', to: ada.participant.id, id: 7, ok: true };
  await cy.participant.sendData('reliable', answer, bytes('3'));
  assert.deepEqual(heard(ada), []);
  await bob.participant.sendData('reliable', answer, bytes('2'));
  await bob.participant.sendData('reliable', answer, bytes('again'));
  assert.deepEqual(heard(ada), [['2', { t: 'answer', from: bob.participant.id, id: 7, ok: true }]]);
});

test('who calls somebody that leaves is told at once', async () => {
  const { ada, bob } = await threeInARoom();
  await ada.participant.sendData('reliable', { t: 'call', to: bob.participant.id, id: 1, method: 'wait' }, bytes(''));
  bob.participant.leave('left');
  const [[, header] = assert.fail()] = heard(ada);
  assert.deepEqual(header, {
    ...{ t: 'answer', from: bob.participant.id, id: 1, ok: false },
    ...{ code: 'participant-not-found', text: true },
  });
  const late: DataHeader = { t: 'call', to: bob.participant.id, id: 2, method: 'wait' };
  await assert.rejects(ada.participant.sendData('reliable', late, bytes('')), { code: 'participant-not-found' });
});

test('what may not be sent is refused, with its code and for everyone the same way', async () => {
  const { world, ada, bob } = await threeInARoom();
  const mute = await world.join('lab', 'mute', { grants: { data: false } });
  const ghost = await world.join('lab', 'ghost', { grants: { hidden: true } });
  const to = [bob.participant.id];
  const send = (guest: Guest, header: DataHeader, size = 1, mode: 'reliable' | 'lossy' = 'reliable') =>
    guest.participant.sendData(mode, header, new Uint8Array(size));
  await assert.rejects(send(mute, { t: 'message' }), { code: 'forbidden' });
  await assert.rejects(send(ghost, { t: 'message' }), { code: 'forbidden' });
  await assert.rejects(send(ada, { t: 'message' }, DATA.maxSize + 1), { code: 'message-too-large' });
  await assert.rejects(send(ada, { t: 'message', to: ['nobody'] }), { code: 'participant-not-found' });
  await assert.rejects(send(ada, { t: 'message', to: [ada.participant.id] }), { code: 'participant-not-found' });
  await assert.rejects(send(ada, { t: 'message', to: [ghost.participant.id] }), { code: 'participant-not-found' });
  const call = { t: 'call', to: to[0]!, id: 1, method: 'm' } as const;
  await assert.rejects(send(ada, call, 1, 'lossy'), { code: 'invalid-request' });
  await send(ada, call);
  await assert.rejects(send(ada, call), { code: 'invalid-request' }, 'one call of a number at a time');
  assert.deepEqual(heard(bob).length, 1, 'and nothing of it arrived');
  await assert.rejects(
    ada.participant.requests.openData().then(() => ada.participant.requests.openData()),
    { code: 'out-of-order' },
  );
});

test('a flood is refused, told once, and ends its sender; the others hear what was within the limit', async () => {
  const { world, ada, bob } = await threeInARoom({ data: { ...DATA, messages: { rate: 1, burst: 5 } } });
  await ada.participant.requests.openData();
  const channel = channelOf(world, ada);
  for (let n = 0; n < 20; n += 1) channel.send('reliable', encodeFrame({ t: 'message' }, bytes(String(n))));
  assert.equal(heard(bob).length, 5);
  assert.deepEqual(
    heard(ada).map(([, header]) => header.t === 'refused' && header.code),
    ['rate-limited'],
  );
  assert.equal(ada.participant.state, 'joined');
  for (let n = 0; n < 20; n += 1) channel.send('reliable', encodeFrame({ t: 'message' }, bytes(String(n))));
  assert.equal(ada.participant.state, 'left');
  assert.deepEqual(ada.ended, ['rate-limited']);
});

test('a reader that is too slow for a reliable channel is out, rather than in with gaps', async () => {
  const { world, ada } = await threeInARoom();
  await ada.participant.requests.openData();
  channelOf(world, ada).overflow();
  assert.deepEqual(ada.ended, ['too-slow']);
});

test('when the media is lost, messages go over signaling until there are channels again', async () => {
  const { world, ada, bob } = await threeInARoom();
  await bob.participant.requests.openData();
  world.engine.loseAll();
  await ada.participant.sendData('reliable', { t: 'message' }, bytes('meanwhile'));
  assert.deepEqual(
    heard(bob).map(([text]) => text),
    ['meanwhile'],
  );
  await settle();
  await bob.participant.requests.openData();
  await ada.participant.sendData('reliable', { t: 'message' }, bytes('again'));
  assert.deepEqual(
    overChannel(world, bob).map(([text]) => text),
    ['again'],
  );
});

test('whatever ways they take, messages come once, in order, and to all', async () => {
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ does: fc.constant('send' as const), who: fc.nat(2) }) },
    { weight: 1, arbitrary: fc.record({ does: fc.constant('open' as const), who: fc.nat(2) }) },
    { weight: 1, arbitrary: fc.record({ does: fc.constant('settle' as const) }) },
    { weight: 1, arbitrary: fc.record({ does: fc.constant('hold' as const) }) },
    { weight: 1, arbitrary: fc.record({ does: fc.constant('release' as const) }) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60, size: 'max' }), async (steps) => {
      const { world, ada, bob, cy } = await threeInARoom();
      const guests = [ada, bob, cy];
      const sent = guests.map((): string[] => []);
      for (const one of steps) {
        if (one.does === 'settle') await settle();
        else if (one.does === 'release') world.engine.release();
        else if (one.does === 'hold') {
          world.engine.release();
          world.engine.hold();
        } else if (one.does === 'open') guests[one.who]!.participant.requests.openData().catch(() => undefined);
        else {
          const text = `${one.who}-${sent[one.who]!.length}`;
          sent[one.who]!.push(text);
          guests[one.who]!.participant.sendData('reliable', { t: 'message' }, bytes(text)).catch(assert.fail);
        }
      }
      world.engine.release();
      await settle();
      await settle();
      guests.forEach((guest, at) => {
        // What came over signaling came before what came over the channel.
        const all = [...heard(guest), ...overChannel(world, guest)].map(([text]) => text);
        sent.forEach((texts, sender) => {
          const from = all.filter((text) => text.startsWith(`${sender}-`));
          assert.deepEqual(from, sender === at ? [] : texts);
        });
      });
    }),
  );
});

test('a frame is what it was; what is none is nothing', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 1 })), fc.uint8Array(), (header, payload) => {
      const json: unknown = JSON.parse(JSON.stringify(header));
      assert.deepEqual(decodeFrame(encodeFrame(json as object, payload)), { header: json, payload });
    }),
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (noise) => {
      const parts = decodeFrame(noise);
      assert.ok(parts === undefined || parts.payload.length <= noise.length - 3);
    }),
  );
});

async function threeInARoom(options: Partial<RoomsOptions> = {}) {
  const world = createRoomsWorld(options);
  const [ada, bob, cy] = [
    await world.join('lab', 'ada'),
    await world.join('lab', 'bob'),
    await world.join('lab', 'cy'),
  ];
  return { world, ada, bob, cy };
}

type World = ReturnType<typeof createRoomsWorld>;

/** What was sent to `guest` over signaling. */
function heard({ events }: Guest): [string, DeliveredHeader][] {
  return events.flatMap((event): [string, DeliveredHeader][] =>
    event.type === 'data' ? [[new TextDecoder().decode(event.payload), event.header]] : [],
  );
}

function channelOf({ engine }: World, { participant }: Guest) {
  return engine.rooms.findLast(({ closed }) => !closed)?.channels.get(participant.index) ?? assert.fail('no channel');
}

function overChannel(world: World, guest: Guest): [string, DeliveredHeader][] {
  const channels = world.engine.rooms.findLast(({ closed }) => !closed)?.channels;
  return (channels?.get(guest.participant.index)?.received ?? []).map(({ message }) => {
    const { header, payload } = decodeFrame(message) ?? assert.fail();
    return [new TextDecoder().decode(payload), header as DeliveredHeader];
  });
}
