import type { Identity, ParticipantId, RoomName } from '../rooms/ids.ts';
import type { Target } from '../rooms/moderation.ts';
import type { Participant } from '../rooms/participant.ts';
import { decodePayload } from './data-payload.ts';
import type { RequestName, RequestParams, RequestResult } from './wire.ts';

type Handlers = {
  readonly [Name in RequestName]: (
    participant: Participant,
    params: RequestParams<Name>,
  ) => RequestResult<Name> | Promise<RequestResult<Name>>;
};

const done = () => ({});

/** Strings that the schema has held against the patterns of ids. */
function named({ identity, participantId }: { identity: string; participantId?: string | undefined }): Target {
  return { identity: identity as Identity, participantId: participantId as ParticipantId | undefined };
}

/** Requests that are counted at a door of their own, besides that of all messages. */
export const DOORS_OF_REQUESTS: Partial<Record<RequestName, RequestDoor>> = {
  'update-self': 'control',
  'admin-mute': 'control',
  'admin-mute-all': 'control',
  'admin-ask-unmute': 'control',
  'admin-update': 'control',
  'admin-kick': 'control',
  'admin-move': 'control',
  view: 'view',
  'consumer-layers': 'view',
  'producer-size': 'view',
};
export type RequestDoor = 'control' | 'view';

/** What each request does. Parameters have been checked; a refusal is thrown as a `SluiceError`. */
export const HANDLERS = {
  'transport-connect': (participant, { transportId, dtlsParameters }) =>
    participant.requests.connectTransport(transportId, dtlsParameters).then(done),
  'transport-restart-ice': (participant, { transportId }) =>
    participant.requests
      .restartIce(transportId)
      .then((iceParameters) => ({ iceParameters, iceServers: participant.iceServers })),
  subscribe: (participant, { rtpCapabilities, mode = 'auto' }) =>
    participant.requests.subscribe(rtpCapabilities, mode).then((consumers) => ({ consumers })),
  produce: (participant, request) => participant.requests.produce(request).then((producer) => ({ producer })),
  'producer-pause': (participant, { producerId }) => participant.requests.pauseProducer(producerId).then(done),
  'producer-resume': (participant, { producerId }) => participant.requests.resumeProducer(producerId).then(done),
  'producer-size': (participant, { producerId, ...size }) =>
    participant.requests.resizeProducer(producerId, size).then(done),
  'producer-close': (participant, { producerId }) => participant.requests.closeProducer(producerId).then(done),
  consume: (participant, { producerIds }) =>
    participant.requests.consume(producerIds).then((consumers) => ({ consumers })),
  'consumer-pause': (participant, { consumerIds }) => participant.requests.pauseConsumers(consumerIds).then(done),
  'consumer-resume': (participant, { consumerIds }) => participant.requests.resumeConsumers(consumerIds).then(done),
  'consumer-close': (participant, { consumerIds }) => participant.requests.closeConsumers(consumerIds).then(done),
  'consumer-layers': (participant, { consumerId, ...layers }) =>
    participant.requests.setPreferredLayers(consumerId, layers).then(done),
  view: (participant, { consumers }) => participant.requests.view(consumers).then(done),
  'data-open': (participant) => participant.requests.openData().then(done),
  data: (participant, { header, payload, lossy }) =>
    participant.sendData(lossy ? 'lossy' : 'reliable', header, decodePayload(header, payload)).then(done),
  'update-self': (participant, change) => participant.changeOwnProfile(change).then(done),
  'admin-mute': ({ moderation }, { sources, ...target }) =>
    moderation.mute(named(target), sources).then((muted) => ({ muted })),
  'admin-mute-all': ({ moderation }, { sources }) => moderation.muteAll(sources).then((muted) => ({ muted })),
  'admin-ask-unmute'({ moderation }, { source, ...target }) {
    moderation.askToUnmute(named(target), source);
    return {};
  },
  'admin-update'({ moderation }, { identity, participantId, ...change }) {
    moderation.update(named({ identity, participantId }), change);
    return {};
  },
  'admin-kick'({ moderation }, { reason, ...target }) {
    moderation.kick(named(target), reason);
    return {};
  },
  'admin-move': ({ moderation }, { room, ...target }) => moderation.move(named(target), room as RoomName).then(done),
  // The participant leaves once this is answered: see AFTER.
  leave: done,
} as const satisfies Handlers;

/** What follows once a request has been answered. */
export const AFTER: Partial<Record<RequestName, (participant: Participant) => void>> = {
  leave: (participant) => participant.leave('left'),
};

/** Runs the handler of `name`. `params` were checked against the schema of `name`. */
export function handle(participant: Participant, name: RequestName, params: unknown): Promise<unknown> {
  // The table is typed entry by entry; which entry it is, is known at run time only.
  const handler = HANDLERS[name] as (participant: Participant, params: unknown) => unknown;
  return Promise.resolve(handler(participant, params));
}
