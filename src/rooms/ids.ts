import type { Brand } from '../kernel/brand.ts';

/** What an application calls a room, and what stands in its URL. */
export type RoomName = Brand<string, 'RoomName'>;
/** One life of a room: a name that is closed and opened again gets a new id. */
export type RoomId = Brand<string, 'RoomId'>;
/** Who the application says somebody is: the token's `sub`. */
export type Identity = Brand<string, 'Identity'>;
/** One presence of an identity in a room. */
export type ParticipantId = Brand<string, 'ParticipantId'>;
export type TransportId = Brand<string, 'TransportId'>;
export type ProducerId = Brand<string, 'ProducerId'>;
export type ConsumerId = Brand<string, 'ConsumerId'>;

/** Letters, digits and `. _ ~ -`: RFC 3986's unreserved characters, so that a name is its own URL segment. */
export const ROOM_NAME_PATTERN = '^[A-Za-z0-9][A-Za-z0-9._~-]{0,127}$';
/**
 * 1 to 128 characters with no control characters; application ids and e-mail addresses fit. Not `.` and `..`, which a URL
 * cannot name (RFC 3986 §5.2.4): what is asked of them over REST would be asked of their room.
 */
export const IDENTITY_PATTERN =
  '^([^\\u0000-\\u001f\\u007f]{3,128}|[^\\u0000-\\u001f\\u007f.][^\\u0000-\\u001f\\u007f]?|[^\\u0000-\\u001f\\u007f][^\\u0000-\\u001f\\u007f.])$';

/** What an attribute may be called: 1 to 128 characters with no control characters. */
export const ATTRIBUTE_PATTERN = '^[^\\u0000-\\u001f\\u007f]{1,128}$';

const roomName = new RegExp(ROOM_NAME_PATTERN, 'u');
const identity = new RegExp(IDENTITY_PATTERN, 'u');

/** `text` as a room name, or undefined where it is not one. */
export function parseRoomName(text: string): RoomName | undefined {
  return roomName.test(text) ? (text as RoomName) : undefined;
}

/** `text` as an identity, or undefined where it is not one. */
export function parseIdentity(text: string): Identity | undefined {
  return identity.test(text) ? (text as Identity) : undefined;
}
