/** Payloads of messages as bytes, and as signaling has them. */
import type { DataHeader, DeliveredHeader } from '../../src/rooms/data-header.ts';
import type { Payload } from './api.ts';

/** `mark` is what the header says of them. */
export type EncodedPayload = { readonly bytes: Uint8Array; readonly mark: { text?: true } };

export function encoded(payload: Payload): EncodedPayload {
  return typeof payload === 'string'
    ? { bytes: new TextEncoder().encode(payload), mark: { text: true } }
    : { bytes: payload, mark: {} };
}

export function decoded(header: { text?: true }, payload: Uint8Array): Payload {
  return header.text === true ? new TextDecoder().decode(payload) : payload;
}

/** Text as it is, else base64, as signaling has it. */
export function toJson(header: DataHeader, payload: Uint8Array): string {
  if (header.text === true) return new TextDecoder().decode(payload);
  let binary = '';
  for (const byte of payload) binary += String.fromCharCode(byte);
  return btoa(binary);
}

export function fromJson(header: DeliveredHeader, payload: string): Uint8Array {
  if ('text' in header && header.text !== undefined) return new TextEncoder().encode(payload);
  return Uint8Array.from(atob(payload), (character) => character.charCodeAt(0));
}
