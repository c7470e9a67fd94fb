import { hash, randomBytes, timingSafeEqual } from 'node:crypto';

import type { JoinClaims } from '../auth/join-token.ts';
import type { Clock } from '../kernel/clock.ts';
import { Deadlines } from '../kernel/deadlines.ts';
import { SluiceError } from '../kernel/errors.ts';
import type { IceServer, JoinedRoom } from '../rooms/events.ts';
import type { Grants, MediaKind, Source } from '../rooms/grants.ts';
import type { Identity } from '../rooms/ids.ts';
import type { TransportParameters } from '../rooms/media-engine.ts';
import type { RtpCapabilities } from '../rooms/ortc.ts';
import type { Participant } from '../rooms/participant.ts';
import type { Rooms } from '../rooms/rooms.ts';
import { type AnsweredSection, writeAnswer } from './answer.ts';
import { answerSection, playerOf } from './egress.ts';
import { ingestOf } from './ingest.ts';
import { type Offer, readOffer } from './offer.ts';
import type { Reading } from './reading.ts';
import { type SessionContext, type SessionTimeouts, WhipSession } from './session.ts';
import { assignTracks, type Performer } from './tracks.ts';

export type WhipOptions = {
  readonly rooms: Pick<Rooms, 'join' | 'find'>;
  /** Of every room. */
  readonly capabilities: RtpCapabilities;
  readonly clock: Clock;
  readonly timeouts: SessionTimeouts;
};

/** Who asks: what the token says, and the token. */
export type Caller = { readonly claims: JoinClaims; readonly token: string };
/** A session that was made, and the answer to its offer. */
export type Created = {
  readonly session: WhipSession;
  readonly answer: string;
  readonly iceServers: readonly IceServer[];
};

/** All WHIP and WHEP sessions. */
export type WhipSessions = {
  /**
   * Publishes what `offer` sends. Throws `malformed-sdp`, `invalid-media`, `unsupported-codec`, `forbidden`, and what
   * joins throw.
   */
  publish(caller: Caller, offer: string): Promise<Created>;
  /** Plays somebody's tracks, or those of the room, as far as `offer` has sections for them. Throws `nothing-to-play` too. */
  play(caller: Caller, offer: string, whose: Identity | undefined): Promise<Created>;
  find(id: string): WhipSession | undefined;
  /** How many of this kind there are. */
  count(kind: WhipSession['kind']): number;
  /** Ends the sessions whose time is up. */
  advance(): void;
};

/** Seconds after which a player may ask again whether there is something to play. */
const ASK_AGAIN = 2;
/** Sources by kind, in the order in which a token is asked whether it grants them. */
const SOURCES_OF_KIND = {
  audio: ['microphone', 'screen-audio'],
  video: ['camera', 'screen'],
} as const satisfies Record<MediaKind, readonly Source[]>;

export function createWhipSessions({ rooms, capabilities, clock, timeouts }: WhipOptions): WhipSessions {
  const sessions = new Map<string, WhipSession>();
  const deadlines = new Deadlines<WhipSession>();
  const context: SessionContext = {
    now: clock,
    newTag: () => `"${randomBytes(9).toString('base64url')}"`,
    timeouts,
    onDeadline(session, at) {
      if (session.ended || at === undefined) deadlines.delete(session);
      else deadlines.set(session, at);
    },
    onEnd(session) {
      deadlines.delete(session);
      sessions.delete(session.id);
    },
  };

  return {
    async publish(caller, text) {
      const offer = value(readOffer(text));
      const { tracks, sections } = value(ingestOf(offer, capabilities));
      const sources = tracks.map(({ kind }) => sourceFor(kind, caller.claims.grants));
      const session = newSession(context, 'whip', caller, offer);
      const { participant, joined } = await rooms.join({ ...profile(caller), subscribe: 'manual' }, session.link);
      return seat(session, participant, joined, offer, async () => {
        for (const [at, { kind, rtpParameters }] of tracks.entries()) {
          await participant.requests.produce({ kind, rtpParameters, source: sources[at]! });
        }
        return sections;
      });
    },
    async play(caller, text, whose) {
      const offer = value(readOffer(text));
      const player = value(playerOf(offer, capabilities));
      if (!caller.claims.grants.subscribe) {
        throw new SluiceError('forbidden', { detail: 'The token does not grant subscribing.' });
      }
      const { rtpCapabilities, payloadTypes } = player;
      const kinds = player.sections.map(({ section, codecs }) => (codecs.length === 0 ? undefined : section.kind));
      const choose = () => tracksFor(kinds, caller.claims, whose);
      // Nobody sees a player come that finds nothing.
      choose();
      const session = newSession(context, 'whep', caller, offer, payloadTypes);
      const { participant, joined } = await rooms.join(
        { ...profile(caller), subscribe: 'manual', rtpCapabilities },
        session.link,
      );
      return seat(session, participant, joined, offer, async () => {
        const tracks = choose();
        const consumers = await participant.requests.consume(tracks.flatMap((track) => track?.id ?? []));
        if (consumers.length === 0) {
          throw new SluiceError('unsupported-codec', { detail: 'The offer has no codec of what there is to play.' });
        }
        // It is ready for them from the start: nothing can reach it before it has the answer.
        const held = consumers.filter(({ paused }) => paused).map(({ id }) => id);
        if (held.length > 0) await participant.requests.resumeConsumers(held);
        session.plays(consumers);
        return player.sections.map((section, at) =>
          answerSection(
            section,
            consumers.find(({ producerId }) => producerId === tracks[at]?.id),
            capabilities,
          ),
        );
      });
    },
    find: (id) => sessions.get(id),
    count: (kind) => [...sessions.values()].filter((session) => session.kind === kind).length,
    advance() {
      const now = clock();
      for (let due = deadlines.takeDue(now); due !== undefined; due = deadlines.takeDue(now)) due.expire();
    },
  };

  /** From a joined participant to an answer; the participant leaves where that fails. */
  async function seat(
    session: WhipSession,
    participant: Participant,
    { media }: JoinedRoom,
    offer: Offer,
    connectMedia: () => Promise<readonly AnsweredSection[]>,
  ): Promise<Created> {
    try {
      const sections = await connectMedia();
      await participant.requests.connectTransport(media.send.id, offer.dtls);
      const { extmapAllowMixed } = offer;
      const sessionId = String(randomBytes(6).readUIntBE(0, 6));
      const answer = writeAnswer({
        sessionId,
        extmapAllowMixed,
        sections,
        transport: answerTransport(media.send, offer),
      });
      if (session.ended) throw participant.refusal;
      sessions.set(session.id, session);
      session.seated(participant, media.send);
      return { session, answer, iceServers: media.iceServers };
    } catch (error) {
      participant.leave('left');
      throw error;
    }
  }

  function tracksFor(
    kinds: readonly (MediaKind | undefined)[],
    { room: name, identity }: JoinClaims,
    whose?: Identity,
  ) {
    const room = rooms.find(name);
    const performers: Performer[] = (room?.participants() ?? [])
      .filter((one) => !one.hidden && one.identity !== identity && (whose === undefined || one.identity === whose))
      .map(({ index, joinedAt, publications }) => ({
        index,
        joinedAt,
        tracks: [...publications].map(({ producer: { id, kind }, source }) => ({ id, kind, source })),
      }));
    const tracks = assignTracks(kinds, performers, room?.tick.s ?? null);
    if (tracks.every((track) => track === undefined)) {
      throw new SluiceError('nothing-to-play', { retryAfter: ASK_AGAIN });
    }
    return tracks;
  }
}

/** Whether `token` is the one with which the session was made. Takes the same time whatever is wrong with it. */
export function isOwn(session: WhipSession, token: string): boolean {
  return timingSafeEqual(Buffer.from(fingerprint(token)), Buffer.from(session.tokenHash));
}

function newSession(
  context: SessionContext,
  kind: WhipSession['kind'],
  { claims: { room, identity }, token }: Caller,
  offer: Offer,
  payloadTypes?: ConstructorParameters<typeof WhipSession>[3],
): WhipSession {
  // RFC 9725 §5: a URL that nobody can guess.
  const id = randomBytes(18).toString('base64url');
  return new WhipSession(context, { id, kind, room, identity, tokenHash: fingerprint(token) }, offer, payloadTypes);
}

function profile({ claims: { room, identity, name, metadata, attributes, grants, tokenId, keyId } }: Caller) {
  return { room, identity, name, metadata, attributes, grants, tokenId, keyId };
}

/** The first source of this kind that the token grants. */
function sourceFor(kind: MediaKind, { publish, hidden }: Grants): Source {
  const source = SOURCES_OF_KIND[kind].find((one) => publish.includes(one));
  if (source === undefined) throw new SluiceError('forbidden', { detail: `The token grants publishing no ${kind}.` });
  if (hidden) throw new SluiceError('forbidden', { detail: 'A hidden participant cannot publish.' });
  return source;
}

function answerTransport({ iceParameters, iceCandidates, dtlsParameters }: TransportParameters, offer: Offer) {
  const [fingerprintOfServer] = dtlsParameters.fingerprints;
  if (fingerprintOfServer === undefined) throw new SluiceError('media-unavailable');
  const setup = offer.dtls.role === 'server' ? 'active' : 'passive';
  return { iceParameters, iceCandidates, fingerprint: fingerprintOfServer, setup } as const;
}

function value<Value>(reading: Reading<Value>): Value {
  if (!reading.ok) throw new SluiceError(reading.code, { detail: reading.why });
  return reading.value;
}

function fingerprint(token: string): string {
  return hash('sha256', token, 'hex');
}
