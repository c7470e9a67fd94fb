import type { SluiceEvent } from '../../client/server-sdk/sluice.ts';
import type { Command } from './command.ts';
import { wholeNumber } from './command.ts';

export const EVENTS_COMMAND: Command = {
  name: 'events',
  arguments: [],
  summary: 'Print the event log; with --follow what happens from now on, too.',
  details:
    'With --json each event is one line of JSON. A connection that is lost is opened again, and nothing is missed.',
  options: {
    after: {
      value: 'NUMBER',
      help: 'Only events with higher numbers. Default: all that are kept; with --follow, none.',
    },
    room: { value: 'NAME', help: 'Of this room alone.' },
    follow: { help: 'Go on with what happens, until it is interrupted.' },
  },
  async run({ option, has, json, output, server }) {
    const [after, room] = [wholeNumber('after', option('after')), option('room')];
    const { events } = await server();
    const onReconnect = (error: Error) => output.error(`The stream was lost (${error.message}) and is opened again.`);
    const all = has('follow') ? events.follow({ after, room, onReconnect }) : events.read({ after, room });
    for await (const event of all) {
      if (json) output.json(event);
      else output.line(lineOf(event));
    }
  },
};

/** When, its number, where, what, who, and what its type adds. */
function lineOf(event: SluiceEvent): string {
  const { seq, at, type, ...rest } = event;
  const { room, identity, roomSeq: _, roomId: __, participantId: ___, ...more } = rest as Record<string, unknown>;
  const facts = Object.entries(more).map(([name, value]) => `${name}=${written(value)}`);
  const who = identity === undefined ? [] : [written(identity)];
  return [at, `#${seq}`, room === undefined ? '-' : written(room), type, ...who, ...facts].join('  ');
}

function written(value: unknown): string {
  return typeof value === 'string' && /^[^\s"]+$/u.test(value) ? value : JSON.stringify(value);
}
