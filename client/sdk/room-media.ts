/**
 * The media of a room, one set-up after the other: each offer of the server replaces what the one before has opened,
 * and what comes late of a set-up that was replaced reaches nobody.
 */
import type { ConsumerInfo, MediaOffer } from '../../src/rooms/events.ts';
import type { Adaptation } from './adaptive/adaptation.ts';
import type { JoinTimings, MediaState, RoomEvents } from './api.ts';
import type { E2ee } from './e2ee/session.ts';
import { clientError, toClientError } from './errors.ts';
import type { Link } from './link.ts';
import { type Media, openMedia } from './media.ts';
import type { Messages } from './messages.ts';
import type { Others } from './others.ts';
import type { Reporter, Reports } from './qoe/reporter.ts';
import type { Scope } from './scope.ts';

/** How long a join has taken, noted as it goes. */
export type Timings = { -readonly [Name in keyof JoinTimings]: JoinTimings[Name] };

/** Milliseconds since the call of `join()`, until `at` or now, which are as of `performance.now()`. */
export type Elapsed = (at?: number) => number;

export type RoomMediaOptions = {
  link: Link;
  scope: Scope;
  iceTransportPolicy: RTCIceTransportPolicy;
  timings: Timings;
  elapsed: Elapsed;
  others: Others;
  adaptation: Adaptation;
  messages: Messages;
  reporter: Reporter | undefined;
  e2ee: E2ee | undefined;
  emit: <Name extends 'mediaStateChanged' | 'problem'>(event: Name, value: RoomEvents[Name]) => void;
};

export type RoomMedia = {
  readonly state: MediaState;
  /** The media in use, or the next one while there is none; rejects with `closed` once the room is. */
  current(): Promise<Media>;
  /**
   * Opens media of `offer` in the place of what there was, and receives `consumers` on it. Resolves when ICE has begun to
   * check, or takes longer than usual, or there is no media to be had.
   */
  open(offer: MediaOffer, consumers: readonly ConsumerInfo[]): Promise<void>;
  /** Sets up receivers for what the server has agreed to forward. */
  receive(consumers: readonly ConsumerInfo[]): Promise<void>;
  /** What the browser counts; without delay, as the media may be about to close. */
  reports(): Promise<Reports> | undefined;
  /** The same of what is received. */
  receivedReport(): Promise<Reports['recv']> | undefined;
  /** The network is another one. */
  networkChanged(): void;
  /** It may be. */
  checkNetwork(): void;
};

export function createRoomMedia(options: RoomMediaOptions): RoomMedia {
  const { link, scope, timings, others, adaptation, messages, reporter, emit, elapsed } = options;
  let state: MediaState = 'new';
  let media: Promise<Media> | undefined;
  /** The same once it is there. */
  let opened: Media | undefined;

  function setState(next: MediaState): void {
    if (state === next) return;
    state = next;
    emit('mediaStateChanged', state);
  }

  function begin(offer: MediaOffer): Promise<Media> {
    const current = () => opening === media && !scope.closed;
    const opening: Promise<Media> = openMedia({
      offer,
      request: (name, params) => link.request(name, params),
      scope,
      iceTransportPolicy: options.iceTransportPolicy,
      e2ee: options.e2ee,
      listener: {
        state: (now) => current() && setState(now),
        deviceLoaded: () => (timings.deviceLoaded ??= elapsed()),
        receiving: () => (timings.dtlsConnected ??= elapsed()),
        received: (info, consumer) => (current() ? others.received(info, consumer) : consumer.close()),
        resuming(infos) {
          if (!current()) return;
          others.coming(infos);
          adaptation.flush(infos.map(({ id }) => id));
        },
        problem: (error) => current() && emit('problem', error),
        restarting: () => current() && reporter?.reconnected(),
        unanswered: () => current() && link.suspect(),
        hopeless: () => {
          if (!current()) return;
          emit('problem', clientError('media-failed'));
          link.startOver();
        },
      },
    });
    return opening;
  }

  async function openData(from: Media): Promise<void> {
    try {
      const channels = await from.data;
      if (channels !== undefined && !from.closed) await messages.use(channels);
    } catch (error) {
      // Signaling carries what would have gone over the channels.
      if (!from.closed) emit('problem', toClientError(error, 'media-failed'));
    }
  }

  async function receive(consumers: readonly ConsumerInfo[]): Promise<void> {
    const used = media;
    const present = await used?.catch(() => undefined);
    if (present === undefined || used !== media || consumers.length === 0) return;
    others.expect(consumers);
    await present.receive(consumers, (info) => others.isHeld(info));
  }

  return {
    get state() {
      return state;
    },
    current: () => (scope.closed || media === undefined ? Promise.reject(clientError('closed')) : media),
    open(offer, consumers) {
      media?.then(
        (before) => before.close(),
        () => undefined,
      );
      setState('new');
      const opening = (media = begin(offer));
      opening.then(
        async (now) => {
          if (opening !== media || scope.closed) return now.close();
          opened = now;
          void openData(now);
          await receive(consumers);
          if (consumers.length > 0) timings.consumersReady ??= elapsed();
        },
        (error: unknown) => {
          if (opening === media && !scope.closed) emit('problem', toClientError(error, 'media-failed'));
        },
      );
      return opening.then(
        ({ checking }) => checking,
        () => undefined,
      );
    },
    receive,
    reports: () => opened?.reports(),
    receivedReport: () => opened?.received(),
    networkChanged() {
      media?.then(
        (present) => present.networkChanged(),
        () => undefined,
      );
    },
    checkNetwork() {
      media?.then(
        (present) => present.checkNetwork(),
        () => undefined,
      );
    },
  };
}
