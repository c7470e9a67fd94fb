/**
 * Server messages as WebSocket text: Engine.IO's `4` (message), then Socket.IO's `2` (event), then a JSON array.
 * They are written by hand so that an event is encoded once, however many participants are sent it.
 */
import type { RoomEvent } from '../rooms/events.ts';
import type { RtpCapabilities } from '../rooms/ortc.ts';
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

export function joinedText({ media: { rtpCapabilities, ...media }, ...joined }: Joined): string {
  const [others, transports] = [JSON.stringify(joined), JSON.stringify(media)];
  const offered = `${transports.slice(0, -1)},"rtpCapabilities":${capabilitiesText(rtpCapabilities)}}`;
  return `42["joined",${others.slice(0, -1)},"media":${offered}}]`;
}

const written = new WeakMap<RtpCapabilities, string>();

/** Most of what a newcomer is sent, and the same object for all rooms of a server, which never changes. */
function capabilitiesText(capabilities: RtpCapabilities): string {
  let text = written.get(capabilities);
  if (text === undefined) {
    text = JSON.stringify(capabilities);
    written.set(capabilities, text);
  }
  return text;
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
