import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import type { RoomEvent } from '../../src/rooms/events.ts';
import { SOURCES } from '../../src/rooms/grants.ts';
import { AUDIO, VIDEO } from '../support/memory-media-engine.ts';
import { createRoomsWorld, type Guest, identity, ROOM_SETTINGS, roomName, settle } from '../support/rooms.ts';

const PEOPLE = ['ada', 'bob', 'cy', 'di'];
const LIMIT = 3;
const PUBLISHERS = 2;

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
  { weight: 1, arbitrary: fc.record({ type: fc.constant('silence' as const), who: fc.constantFrom(...PEOPLE) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('grant' as const),
      who: fc.constantFrom(...PEOPLE),
      grants: fc.record(
        { publish: fc.subarray([...SOURCES]), subscribe: fc.boolean(), hidden: fc.boolean() },
        { requiredKeys: [] },
      ),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('rename' as const),
      who: fc.constantFrom(...PEOPLE),
      attributes: fc.dictionary(fc.constantFrom('a', 'b', '__proto__'), fc.constantFrom('x', 'y', null)),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('move' as const),
      who: fc.constantFrom(...PEOPLE),
      to: fc.constantFrom('lab', 'den'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('policy' as const),
      duplicateIdentity: fc.constantFrom('replace' as const, 'reject' as const, 'allow' as const),
    }),
  },
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
  // A grant is taken between a track's opening and its announcement.
  [
    [
      { type: 'join', who: 'ada' },
      { type: 'settle' },
      { type: 'publish', who: 'ada' },
      { type: 'return', who: 'ada' },
      { type: 'release' },
      { type: 'grant', who: 'ada', grants: {} },
      { type: 'grant', who: 'ada', grants: { publish: [] } },
    ],
  ],
  // Who counts on another one's seat finds that the room keeps both.
  [
    [
      { type: 'join', who: 'bob' },
      { type: 'join', who: 'ada' },
      { type: 'settle' },
      { type: 'join', who: 'ada' },
      { type: 'join', who: 'ada' },
      { type: 'policy', duplicateIdentity: 'allow' },
      { type: 'settle' },
    ],
  ],
];

test('whatever happens in whatever order, nobody is lost, limits hold, and all see the same', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40, size: 'max' }), async (steps) => {
      const world = createRoomsWorld({
        defaults: { ...ROOM_SETTINGS, maxParticipants: LIMIT, maxPublishers: PUBLISHERS, emptyTimeout: 60_000 },
      });
      const inside = new Map<string, Guest>();
      for (const one of steps) {
        await happen(world, inside, one);
        checkLimits(world);
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
      presenceOf(guest)?.leave('left');
      return;
    case 'silence':
    case 'grant':
    case 'rename':
    case 'move':
    case 'policy':
      return moderate(world, one);
    case 'kick':
      try {
        world.rooms.find(roomName('lab'))?.control.kick({ identity: identity(one.who) });
      } catch {
        // Nobody of that name is there.
      }
      return;
    case 'publish':
      quietly(presenceOf(guest)?.requests.produce({ kind: 'audio', source: 'microphone', rtpParameters: AUDIO }));
      quietly(presenceOf(guest)?.requests.produce({ kind: 'video', source: 'camera', rtpParameters: VIDEO }));
      return;
    case 'unpublish': {
      const [publication] = presenceOf(guest)?.publications ?? [];
      if (publication !== undefined) quietly(presenceOf(guest)?.requests.closeProducer(publication.producer.id));
      return;
    }
    case 'mute': {
      const [publication] = presenceOf(guest)?.publications ?? [];
      if (publication !== undefined) quietly(presenceOf(guest)?.requests.pauseProducer(publication.producer.id));
      return;
    }
    case 'drop':
      if (guest !== undefined) world.rooms.disconnected(presenceOf(guest)!);
      return;
    case 'return':
      if (guest !== undefined) world.rooms.reconnected(presenceOf(guest)!);
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

/** What the application does to whoever is in the room. Refusals are its to handle. */
function moderate(
  { rooms }: World,
  one: Extract<Step, { type: 'silence' | 'grant' | 'rename' | 'move' | 'policy' }>,
): void {
  for (const room of rooms.list()) {
    const { control } = room;
    try {
      if (one.type === 'policy') room.update({ duplicateIdentity: one.duplicateIdentity });
      else if (one.type === 'silence') quietly(control.mute({ identity: identity(one.who) }));
      else if (one.type === 'move') quietly(control.move({ identity: identity(one.who) }, roomName(one.to)));
      else control.update({ identity: identity(one.who) }, one.type === 'grant' ? one : { attributes: one.attributes });
    } catch {
      // Nobody of that name is there.
    }
  }
}

function checkLimits({ rooms }: World): void {
  for (const room of rooms.list()) {
    const people = room.participants();
    assert.ok(people.length <= LIMIT);
    assert.ok(people.filter(({ publications }) => [...publications].length > 0).length <= PUBLISHERS);
    for (const participant of people) {
      for (const { source } of participant.publications) assert.ok(participant.mayPublish(source), source);
    }
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
    const self = guest.moves.at(-1) ?? guest.participant;
    if (self.state !== 'joined') continue;
    const room = rooms.list().find((one) => one.participants().includes(self));
    const others = (room?.participants() ?? []).filter((other) => other !== self && !other.hidden);
    const view = viewOf(guest);
    const published = others.map(({ id, publications }): [string, Set<string>] => [
      id,
      new Set([...publications].map(({ producer }) => producer.id)),
    ]);
    assert.deepEqual(view.producers, new Map(published), 'participants and their producers');
    const attributes = others.map(({ id, info }): [string, object] => [id, { ...info.attributes }]);
    assert.deepEqual(view.attributes, new Map(attributes), 'who they are');
    const producers = others.flatMap(({ publications }) =>
      [...publications].map(({ producer }) => producer.id as string),
    );
    const received = self.profile.grants.subscribe ? producers : [];
    assert.deepEqual([...view.consumers.values()].toSorted(), received.toSorted(), 'one consumer for each producer');
    const alive = new Set(engine.rooms.flatMap((one) => [...one.consumers.keys()] as string[]));
    for (const id of view.consumers.keys()) assert.ok(alive.has(id), 'the consumer is open');
    assert.deepEqual(view.grants, self.profile.grants, 'what it may do');
  }
}

function viewOf({ joined, events }: Guest) {
  let { grants } = joined;
  const attributes = new Map<string, object>();
  const producers = new Map<string, Set<string>>();
  const consumers = new Map<string, string>();
  const start = (state: Pick<Guest['joined'], 'participants' | 'consumers'>) => {
    producers.clear();
    consumers.clear();
    attributes.clear();
    for (const other of state.participants) attributes.set(other.id, { ...other.attributes });
    for (const other of state.participants) producers.set(other.id, new Set(other.producers.map(({ id }) => id)));
    for (const consumer of state.consumers) consumers.set(consumer.id, consumer.producerId);
  };
  const apply = (event: RoomEvent) => {
    switch (event.type) {
      case 'participant-updated': {
        const known = attributes.get(event.participantId);
        // One's own come, too.
        if (known === undefined) return undefined;
        const merged = Object.entries({ ...known, ...event.attributes }).filter(([, value]) => value !== null);
        return attributes.set(event.participantId, Object.fromEntries(merged));
      }
      case 'grants-changed':
        grants = event.grants;
        return undefined;
      case 'moved':
        grants = event.grants;
        return start(event);
      case 'participant-joined':
        attributes.set(event.participant.id, { ...event.participant.attributes });
        return producers.set(event.participant.id, new Set());
      case 'participant-replaced':
        producers.delete(event.participantId);
        attributes.delete(event.participantId);
        attributes.set(event.participant.id, { ...event.participant.attributes });
        return producers.set(event.participant.id, new Set());
      case 'participant-left':
        attributes.delete(event.participantId);
        return producers.delete(event.participantId);
      case 'producer-added':
        return producers.get(event.participantId)!.add(event.producer.id);
      case 'producer-removed':
        // One's own that was ended by the application comes, too.
        return producers.get(event.participantId)?.delete(event.producerId);
      case 'consumer-added':
        return consumers.set(event.consumer.id, event.consumer.producerId);
      case 'consumer-removed':
        return consumers.delete(event.consumerId);
      case 'media-reset':
        return start(event);
      case 'unmute-requested':
      case 'producer-paused':
      case 'producer-resumed':
      case 'consumer-layers':
      case 'consumers-withheld':
      case 'consumers-forwarded':
      case 'encodings-wanted':
      case 'data':
      case 'room-updated':
      case 'quality':
      case 'draining':
        return undefined;
    }
  };
  start(joined);
  for (const event of events) apply(event);
  return { producers, consumers, attributes, grants };
}

/** As whom the guest is in a room now. */
function presenceOf(guest: Guest | undefined): Guest['participant'] | undefined {
  return guest?.moves.at(-1) ?? guest?.participant;
}

function quietly(promise: Promise<unknown> | undefined): void {
  promise?.catch(() => undefined);
}
