import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import type { RoomEvent } from '../../src/rooms/events.ts';
import { AUDIO, VIDEO } from '../support/memory-media-engine.ts';
import { createRoomsWorld, type Guest, identity, ROOM_SETTINGS, roomName, settle } from '../support/rooms.ts';

const PEOPLE = ['ada', 'bob', 'cy', 'di'];
const LIMIT = 3;

/** What can happen to a room, at any time. */
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constant('join' as const), who: fc.constantFrom(...PEOPLE) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('leave' as const), who: fc.constantFrom(...PEOPLE) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('kick' as const), who: fc.constantFrom(...PEOPLE) }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('publish' as const), who: fc.constantFrom(...PEOPLE) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('unpublish' as const), who: fc.constantFrom(...PEOPLE) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('mute' as const), who: fc.constantFrom(...PEOPLE) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('drop' as const), who: fc.constantFrom(...PEOPLE) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('return' as const), who: fc.constantFrom(...PEOPLE) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('pass' as const), ms: fc.nat(30_000) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('lose' as const) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('hold' as const) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('release' as const) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('settle' as const) }) },
);

type Step = typeof step extends fc.Arbitrary<infer One> ? One : never;

/** Sequences that once broke the books. */
const FOUND: [Step[]][] = [
  // The media is lost between a producer's opening and its announcement.
  [
    [
      { type: 'join', who: 'bob' },
      { type: 'settle' },
      { type: 'publish', who: 'bob' },
      { type: 'publish', who: 'ada' },
      { type: 'release' },
      { type: 'lose' },
    ],
  ],
  // A participant leaves while its mute is under way.
  [
    [
      { type: 'join', who: 'bob' },
      { type: 'settle' },
      { type: 'publish', who: 'bob' },
      { type: 'settle' },
      { type: 'hold' },
      { type: 'mute', who: 'bob' },
      { type: 'leave', who: 'bob' },
    ],
  ],
  // A producer ends between its consumer's opening and the telling of it.
  [
    [
      { type: 'join', who: 'di' },
      { type: 'settle' },
      { type: 'join', who: 'ada' },
      { type: 'publish', who: 'ada' },
      { type: 'join', who: 'di' },
      { type: 'publish', who: 'di' },
    ],
  ],
];

test('whatever happens in whatever order, nobody is lost, limits hold, and all see the same', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40, size: 'max' }), async (steps) => {
      const world = createRoomsWorld({
        defaults: { ...ROOM_SETTINGS, maxParticipants: LIMIT, emptyTimeout: 60_000 },
      });
      const inside = new Map<string, Guest>();
      for (const one of steps) {
        await happen(world, inside, one);
        assert.ok((world.rooms.find(roomName('lab'))?.participants().length ?? 0) <= LIMIT);
      }
      world.engine.release();
      await settle();
      await settle();
      checkFacts(world);
      checkViews(world, inside);

      world.rooms.closeAll('closed');
      await settle();
      const open = world.engine.rooms.flatMap((room) => [...room.transports, ...room.producers, ...room.consumers]);
      assert.deepEqual(open, [], 'nothing of the media is left');
    }),
    { numRuns: 1000, examples: FOUND },
  );
});

type World = ReturnType<typeof createRoomsWorld>;

async function happen(world: World, inside: Map<string, Guest>, one: Step): Promise<void> {
  const guest = 'who' in one ? inside.get(one.who) : undefined;
  switch (one.type) {
    case 'join':
      // Not waited for: joins overlap each other and everything else.
      world.join('lab', one.who).then(
        (joined) => inside.set(one.who, joined),
        () => undefined,
      );
      return;
    case 'leave':
      guest?.participant.leave('left');
      return;
    case 'kick':
      try {
        world.rooms.find(roomName('lab'))?.kick(identity(one.who));
      } catch {
        // Nobody of that name is there.
      }
      return;
    case 'publish':
      quietly(guest?.participant.produce({ kind: 'audio', source: 'microphone', rtpParameters: AUDIO }));
      quietly(guest?.participant.produce({ kind: 'video', source: 'camera', rtpParameters: VIDEO }));
      return;
    case 'unpublish': {
      const [publication] = guest?.participant.publications ?? [];
      if (publication !== undefined) quietly(guest?.participant.closeProducer(publication.producer.id));
      return;
    }
    case 'mute': {
      const [publication] = guest?.participant.publications ?? [];
      if (publication !== undefined) quietly(guest?.participant.pauseProducer(publication.producer.id));
      return;
    }
    case 'drop':
      if (guest !== undefined) world.rooms.disconnected(guest.participant);
      return;
    case 'return':
      if (guest !== undefined) world.rooms.reconnected(guest.participant);
      return;
    case 'pass':
      world.pass(one.ms);
      return;
    case 'lose':
      world.engine.loseAll();
      return;
    case 'hold':
      world.engine.release();
      world.engine.hold();
      return;
    case 'release':
      world.engine.release();
      return;
    case 'settle':
      await settle();
  }
}

/** Every join is followed by at most one leave, never the other way round; tracks end before their participants. */
function checkFacts({ facts, rooms }: World): void {
  const present = new Set<string>();
  const published = new Map<string, string>();
  const over = new Set<string>();
  const open = new Set<string>();
  for (const fact of facts) {
    if (fact.type === 'room-started') open.add(fact.roomId);
    assert.ok(open.has(fact.roomId), `${fact.type} before its room began or after it ended`);
    if (fact.type === 'room-closed') open.delete(fact.roomId);
    if ('participantId' in fact) assert.ok(!over.has(fact.participantId), `${fact.type} after its participant's end`);
    if (fact.type === 'participant-aborted') {
      assert.ok(!present.has(fact.participantId), 'aborted after it had joined');
      over.add(fact.participantId);
    } else if (fact.type === 'participant-joined') {
      assert.ok(!present.has(fact.participantId));
      present.add(fact.participantId);
    } else if (fact.type === 'participant-left') {
      assert.ok(present.delete(fact.participantId), 'left without having joined');
      assert.ok(![...published.values()].includes(fact.participantId), 'left before its tracks ended');
      over.add(fact.participantId);
    } else if (fact.type === 'track-published') published.set(fact.producerId, fact.participantId);
    else if (fact.type === 'track-unpublished') assert.ok(published.delete(fact.producerId), 'ended before it began');
    else if (fact.type === 'track-muted') assert.ok(published.has(fact.producerId), 'muted after its end');
  }
  const inRooms = rooms.list().flatMap((room) => room.participants().map(({ id }) => id as string));
  assert.deepEqual([...present].toSorted(), inRooms.toSorted());
}

/** What each one was told, put together, is what is. */
function checkViews({ rooms, engine }: World, inside: Map<string, Guest>): void {
  for (const guest of inside.values()) {
    if (guest.participant.state !== 'joined') continue;
    const others = [...(rooms.find(roomName('lab'))?.participants() ?? [])].filter(
      ({ id }) => id !== guest.participant.id,
    );
    const view = viewOf(guest);
    const published = others.map(({ id, publications }): [string, Set<string>] => [
      id,
      new Set([...publications].map(({ producer }) => producer.id)),
    ]);
    assert.deepEqual(view.producers, new Map(published), 'participants and their producers');
    const producers = others.flatMap(({ publications }) =>
      [...publications].map(({ producer }) => producer.id as string),
    );
    assert.deepEqual([...view.consumers.values()].toSorted(), producers.toSorted(), 'one consumer for each producer');
    const alive = new Set(engine.rooms.flatMap((room) => [...room.consumers.keys()] as string[]));
    for (const id of view.consumers.keys()) assert.ok(alive.has(id), 'the consumer is open');
  }
}

function viewOf({ joined, events }: Guest) {
  const producers = new Map<string, Set<string>>();
  const consumers = new Map<string, string>();
  const start = (state: Pick<Guest['joined'], 'participants' | 'consumers'>) => {
    producers.clear();
    consumers.clear();
    for (const other of state.participants) producers.set(other.id, new Set(other.producers.map(({ id }) => id)));
    for (const consumer of state.consumers) consumers.set(consumer.id, consumer.producerId);
  };
  const apply = (event: RoomEvent) => {
    switch (event.type) {
      case 'participant-joined':
        return producers.set(event.participant.id, new Set());
      case 'participant-replaced':
        producers.delete(event.participantId);
        return producers.set(event.participant.id, new Set());
      case 'participant-left':
        return producers.delete(event.participantId);
      case 'producer-added':
        return producers.get(event.participantId)!.add(event.producer.id);
      case 'producer-removed':
        return producers.get(event.participantId)!.delete(event.producerId);
      case 'consumer-added':
        return consumers.set(event.consumer.id, event.consumer.producerId);
      case 'consumer-removed':
        return consumers.delete(event.consumerId);
      case 'media-reset':
        return start(event);
      case 'producer-paused':
      case 'producer-resumed':
      case 'consumer-layers':
      case 'chat':
      case 'data':
      case 'room-updated':
      case 'quality':
      case 'draining':
        return undefined;
    }
  };
  start(joined);
  for (const event of events) apply(event);
  return { producers, consumers };
}

function quietly(promise: Promise<unknown> | undefined): void {
  promise?.catch(() => undefined);
}
