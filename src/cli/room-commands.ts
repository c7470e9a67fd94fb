import type { Command } from './command.ts';
import { UsageError, wholeNumber } from './command.ts';

/** Rooms and who is in them. */
export const ROOM_COMMANDS: readonly Command[] = [
  {
    name: 'room create',
    arguments: ['NAME'],
    summary: 'Open a room.',
    options: {
      'max-participants': { value: 'N', help: 'How many may be in it at once.' },
      'max-publishers': { value: 'N', help: 'How many of them may publish at once.' },
      'empty-timeout': { value: 'SECONDS', help: 'How long it waits for its first participant.' },
      'departure-timeout': { value: 'SECONDS', help: 'How long it outlives its last one.' },
      metadata: { value: 'JSON', help: 'An object that everyone in it sees.' },
    },
    async run({ argument, option, json, output, server }) {
      const settings = {
        maxParticipants: wholeNumber('max-participants', option('max-participants'), 1),
        maxPublishers: wholeNumber('max-publishers', option('max-publishers')),
        emptyTimeout: wholeNumber('empty-timeout', option('empty-timeout'), 1),
        departureTimeout: wholeNumber('departure-timeout', option('departure-timeout')),
        metadata: objectOf('metadata', option('metadata')),
      };
      const given = Object.entries(settings).filter(([, value]) => value !== undefined);
      const room = await (await server()).rooms.create({ name: argument('NAME'), ...Object.fromEntries(given) });
      if (json) output.json(room);
      else output.line(`${room.name} is open (${room.id}).`);
    },
  },
  {
    name: 'room list',
    arguments: [],
    summary: 'List the open rooms.',
    options: {},
    async run({ json, output, server }) {
      const rooms = [];
      for await (const room of (await server()).rooms.list()) rooms.push(room);
      if (json) return output.json(rooms);
      return output.table(
        ['NAME', 'PARTICIPANTS', 'OPEN SINCE', 'ID'],
        rooms.map(({ name, participants, maxParticipants, createdAt, id }) => [
          name,
          `${participants} of ${maxParticipants}`,
          createdAt,
          id,
        ]),
      );
    },
  },
  {
    name: 'room close',
    arguments: ['NAME'],
    summary: 'Close a room and put everyone out.',
    options: {},
    async run({ argument, json, output, server }) {
      const name = argument('NAME');
      await (await server()).rooms.close(name);
      if (json) output.json({ closed: name });
      else output.line(`${name} is closed.`);
    },
  },
  {
    name: 'participants',
    arguments: ['ROOM'],
    summary: 'List who is in a room, hidden ones included.',
    options: {},
    async run({ argument, json, output, server }) {
      const participants = await (await server()).participants.list(argument('ROOM'));
      if (json) return output.json(participants);
      return output.table(
        ['IDENTITY', 'NAME', 'PUBLISHES', 'STATE', 'JOINED', 'ID'],
        participants.map(({ identity, name, producers, connected, hidden, joinedAt, id }) => [
          identity,
          name,
          producers.map(({ source, paused }) => (paused ? `${source} (muted)` : source)).join(', '),
          [connected ? 'connected' : 'connection lost', ...(hidden ? ['hidden'] : [])].join(', '),
          joinedAt,
          id,
        ]),
      );
    },
  },
  {
    name: 'kick',
    arguments: ['ROOM', 'IDENTITY'],
    summary: 'Put a participant out, and refuse its token from now on.',
    options: {
      reason: { value: 'TEXT', help: 'For that person to read.' },
      presence: { value: 'ID', help: 'One presence, where the room lets an identity have several.' },
    },
    async run({ argument, option, json, output, server }) {
      const [room, identity] = [argument('ROOM'), argument('IDENTITY')];
      const [reason, presence] = [option('reason'), option('presence')];
      const { participants } = await server();
      await participants.kick(room, identity, { presence, ...(reason === undefined ? {} : { reason }) });
      if (json) output.json({ kicked: identity, room });
      else output.line(`${identity} is out of ${room}.`);
    },
  },
];

/** `text` as a JSON object. Throws a `UsageError`. */
export function objectOf(flag: string, text: string | undefined): Record<string, unknown> | undefined {
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  } catch {
    // As below.
  }
  throw new UsageError(`--${flag} expects a JSON object, like '{"topic":"news"}'.`);
}
