/** What a room is made of: what is made in which order, and who is handed what. */
import type { Joined } from '../../src/signaling/wire.ts';
import { createAdaptation } from './adaptive/adaptation.ts';
import { createAdmin } from './admin.ts';
import type { E2eeOptions, QoeOptions, Room, RoomEvents } from './api.ts';
import { createChat } from './chat.ts';
import type { RoomContext } from './context.ts';
import { createRoomEncryption } from './e2ee/room-encryption.ts';
import type { Emitter } from './emitter.ts';
import { toClientError } from './errors.ts';
import { createHearing } from './hearing.ts';
import { createLevels } from './levels.ts';
import type { Link } from './link.ts';
import { LocalParticipantView } from './local-participant.ts';
import { createMessages } from './messages.ts';
import { createOthers } from './others.ts';
import { createPlayback } from './playback.ts';
import { createReporter } from './qoe/reporter.ts';
import type { RemoteParticipantView } from './remote-participant.ts';
import { createRoomMedia, type Elapsed, type Timings } from './room-media.ts';
import type { Scope } from './scope.ts';

export type RoomOptions = {
  link: Link;
  joined: Joined;
  /** Origin of the server. */
  url: string;
  /** What to join with; another one once one was moved. */
  credential: { token: string };
  subscribe: 'auto' | 'manual';
  iceTransportPolicy: RTCIceTransportPolicy;
  adaptiveStream: boolean;
  qoe: QoeOptions;
  e2ee: E2eeOptions | undefined;
  timings: Timings;
  /** Milliseconds since the call of `join`. */
  elapsed: Elapsed;
};

/** What the parts share with the room that they are of. */
export type RoomShell = {
  readonly room: Room;
  readonly scope: Scope;
  readonly emitter: Emitter<RoomEvents>;
  /** Runs `task` after what has been announced before. */
  readonly inTurn: (task: () => void) => void;
};

export type RoomParts = ReturnType<typeof createRoomParts>;

export function createRoomParts(options: RoomOptions, shell: RoomShell) {
  const { link, joined, timings, elapsed, iceTransportPolicy } = options;
  const { room, scope, emitter, inTurn } = shell;
  const emit: RoomContext['emit'] = (event, value) => emitter.emit(event, value);
  const request: Link['request'] = (name, params) => link.request(name, params);
  const playback = createPlayback(() => emit('playbackBlocked', room));
  const adaptation = createAdaptation({
    ...{ scope, request, enabled: options.adaptiveStream },
    problem: (error) => emit('problem', toClientError(error, 'media-failed')),
  });
  const context: RoomContext = {
    ...{ scope, playback, adaptation, request, emit },
    media: () => media.current(),
    receive: (consumers) => media.receive(consumers),
    firstFrame: (at) => (timings.firstFrame ??= elapsed(at)),
  };
  const levels = createLevels();
  const self = new LocalParticipantView(context, levels, joined.self, joined.grants);
  const subscription = { subscribe: options.subscribe, granted: joined.grants.subscribe };
  const others = createOthers(context, levels, { ...subscription, self: joined.self.identity });
  const { e2ee } = options;
  // Undefined where nothing is encrypted end to end. Media of those who are there may come before they are announced.
  const encryption =
    e2ee && createRoomEncryption({ options: e2ee, scope, emitter, self, others, present: joined.participants, inTurn });
  const messages = createMessages({
    ...{ scope, request, inTurn, self: () => self.identity, cipher: encryption?.messages },
    participant: (id) => others.byId(id),
    idOf: (participant) => (participant as RemoteParticipantView).participantId,
    received: (message) => chat.take(message) || emit('data', message),
    problem: (error) => emit('problem', error),
  });
  const chat = createChat({
    self,
    send: (payload, how) => messages.send(payload, how),
    said: (message) => emit('chat', message),
  });
  // Undefined where no quality is to be measured.
  const reporter =
    joined.beacons && options.qoe.enabled !== false
      ? createReporter({
          ...{ scope, url: options.url, credential: options.credential, options: options.qoe },
          ...{ session: joined.self.id, timings },
          reports: () => media.reports(),
          receivedReport: () => media.receivedReport(),
          received: () => others.measured(),
          sent: () => self.measured(),
        })
      : undefined;
  const media = createRoomMedia({
    ...{ link, scope, iceTransportPolicy, timings, elapsed, others, adaptation, messages, reporter, emit },
    e2ee: encryption?.media,
  });
  const hearing = createHearing({ levels, self, others, emit });
  return { self, admin: createAdmin(request), playback, others, encryption, messages, chat, reporter, media, hearing };
}
