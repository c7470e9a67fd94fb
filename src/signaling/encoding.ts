/**
 * Server messages as WebSocket text: Engine.IO's `4` (message), then Socket.IO's `2` (event), then a JSON array.
 * They are written by hand so that an event is encoded once, however many participants are sent it.
 */
import type { RoomEvent } from '../rooms/events.ts';
import type { EncodedEvent, SequencedEvent } from './outbox.ts';
import { encodePayload } from './data-payload.ts';
import type { Bye, DataPayload, Joined, Resumed } from './wire.ts';

type DataEvent = Extract<RoomEvent, { type: 'data' }>;

let latest: { readonly event: RoomEvent; readonly encoded: EncodedEvent } | undefined;

/** `event` without its number. A broadcast hands the same object to many sessions in a row: it is encoded once. */
export function encodeEvent(event: RoomEvent): EncodedEvent {
  if (latest?.event === event) return latest.encoded;
  const { type, ...payload } = event.type === 'data' ? inJson(event) : event;
  const encoded = { head: `42["${type}",`, tail: `,${JSON.stringify(payload)}]` };
  latest = { event, encoded };
  return encoded;
}

/** A message that is not numbered. */
export function lossyText(event: DataEvent): string {
  const { head, tail } = encodeEvent(event);
  return head.replace('"data"', '"data-lossy"').slice(0, -1) + tail;
}

function inJson({ type, header, payload }: DataEvent): { type: 'data' } & DataPayload {
  return { type, header, payload: encodePayload(header, payload) };
}

/** An event as it goes out. */
export function sequencedText({ seq, event }: SequencedEvent): string {
  return event.head + seq + event.tail;
}

export function joinedText(joined: Joined): string {
  return `42["joined",${JSON.stringify(joined)}]`;
}

export function resumedText(resumed: Resumed): string {
  return `42["resumed",${JSON.stringify(resumed)}]`;
}

export function byeText(bye: Bye): string {
  return `42["bye",${JSON.stringify(bye)}]`;
}

/** A tick frame, given as JSON. */
export function tickText(frame: string): string {
  return `42["tick",${frame}]`;
}
