import { later, type Millis } from '../kernel/clock.ts';
import { SluiceError } from '../kernel/errors.ts';
import type { LeaveReason, ParticipantLink, RoomEvent } from '../rooms/events.ts';
import type { ConsumerId, Identity, ParticipantId, RoomName } from '../rooms/ids.ts';
import type { PayloadTypes, TransportParameters, TransportState } from '../rooms/media-engine.ts';
import type { Participant } from '../rooms/participant.ts';
import { requireMatch } from './entity-tag.ts';
import { readFragment, writeFragment } from './ice-fragment.ts';
import type { IceCredentials, Offer } from './offer.ts';

/** `whip`: the client publishes; `whep`: it plays. */
export type SessionKind = 'whip' | 'whep';

/** Milliseconds: until the first connection, and for which a lost one may take to come back. */
export type SessionTimeouts = { readonly connect: number; readonly disconnect: number };

export type SessionContext = {
  readonly now: () => Millis;
  readonly newTag: () => string;
  readonly timeouts: SessionTimeouts;
  /** The session ends at this time unless told otherwise; undefined: not by itself. */
  readonly onDeadline: (session: WhipSession, at: Millis | undefined) => void;
  readonly onEnd: (session: WhipSession) => void;
};

/** What a PATCH came to: candidates that were taken note of, or an ICE restart with what the client is told. */
export type Patched = { readonly restarted: false } | { readonly restarted: true; readonly body: string };

/**
 * One WHIP or WHEP session: the resource behind its URL, and what connects its participant to the room in place of a
 * socket.
 */
export class WhipSession {
  readonly id: string;
  readonly kind: SessionKind;
  readonly room: RoomName;
  readonly identity: Identity;
  /** Of the join token with which it was made. */
  readonly tokenHash: string;
  readonly link: ParticipantLink;

  readonly #context: SessionContext;
  readonly #offer: Offer;
  #etag: string;
  #remote: IceCredentials;
  #seat: { readonly participant: Participant; readonly transport: TransportParameters } | undefined;
  #playing: Set<ConsumerId> | undefined;
  /** Why it ends when its deadline has come. */
  #reason: LeaveReason = 'disconnected';
  #ended = false;

  constructor(
    context: SessionContext,
    made: Pick<WhipSession, 'id' | 'kind' | 'room' | 'identity' | 'tokenHash'>,
    offer: Offer,
    payloadTypes?: PayloadTypes,
  ) {
    this.#context = context;
    this.id = made.id;
    this.kind = made.kind;
    this.room = made.room;
    this.identity = made.identity;
    this.tokenHash = made.tokenHash;
    this.#offer = offer;
    this.#remote = offer.ice;
    this.#etag = context.newTag();
    this.link = {
      send: (event) => this.#told(event),
      // There is no channel for messages: neither standard has one.
      sendLossy: () => undefined,
      end: () => this.#end(),
      transport: { ...(payloadTypes === undefined ? {} : { payloadTypes }), state: (now) => this.#transportIs(now) },
    };
  }

  /** Names the ICE session (RFC 9110 §8.8.3): strong, and another one after each restart. */
  get etag(): string {
    return this.#etag;
  }

  get ended(): boolean {
    return this.#ended;
  }

  get participantId(): ParticipantId | undefined {
    return this.#seat?.participant.id;
  }

  /** The participant has joined, and its client is expected to connect. */
  seated(participant: Participant, transport: TransportParameters): void {
    this.#seat = { participant, transport };
    this.#context.onDeadline(this, later(this.#context.now(), this.#context.timeouts.connect));
  }

  /** It plays these, and nothing else: it ends with the last of them. */
  plays(consumers: readonly { readonly id: ConsumerId }[]): void {
    this.#playing = new Set(consumers.map(({ id }) => id));
  }

  /**
   * A fragment of the client's: candidates, or new credentials, which ask for an ICE restart. Throws
   * `precondition-required`, `precondition-failed`, `malformed-sdp`, and what the restart throws.
   */
  async patch(fragment: string, ifMatch: string | undefined): Promise<Patched> {
    requireMatch(ifMatch, this.#etag);
    const reading = readFragment(fragment);
    if (!reading.ok) throw new SluiceError(reading.code, { detail: reading.why });
    const credentials = reading.value;
    const { usernameFragment, password } = this.#remote;
    if (
      credentials === undefined ||
      (credentials.usernameFragment === usernameFragment && credentials.password === password)
    ) {
      return { restarted: false };
    }
    if (this.#seat === undefined || this.#ended) throw new SluiceError('not-found');
    const { participant, transport } = this.#seat;
    const iceParameters = await participant.requests.restartIce(transport.id);
    this.#remote = credentials;
    this.#etag = this.#context.newTag();
    return { restarted: true, body: writeFragment(this.#offer, iceParameters, transport.iceCandidates) };
  }

  /** Its deadline has come. */
  expire(): void {
    this.leave(this.#reason);
  }

  leave(reason: LeaveReason): void {
    this.#seat?.participant.leave(reason);
    this.#end();
  }

  #told(event: RoomEvent): void {
    if (event.type === 'consumer-removed') {
      this.#playing?.delete(event.consumerId);
      // The answer cannot be changed any more: a player that asks again gets what there is then.
      if (this.#playing?.size === 0) this.#endSoon('left');
    }
    // Its transport is gone, and there is no way to tell the client of the new one.
    if (event.type === 'media-reset') this.#endSoon('media-unavailable');
  }

  #transportIs(state: TransportState): void {
    if (this.#ended || this.#seat === undefined) return;
    const { now, timeouts, onDeadline } = this.#context;
    switch (state) {
      case 'connected':
        onDeadline(this, undefined);
        return;
      case 'disconnected':
        onDeadline(this, later(now(), timeouts.disconnect));
        return;
      case 'failed':
        // Its end of DTLS, or one that never came up: neither comes back.
        this.#endSoon('disconnected');
        return;
      case 'new':
      case 'connecting':
    }
  }

  /** Not now: the room is in the middle of telling. */
  #endSoon(reason: LeaveReason): void {
    this.#reason = reason;
    this.#context.onDeadline(this, this.#context.now());
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#context.onEnd(this);
  }
}
