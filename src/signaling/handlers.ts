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

/** What each request does. Parameters have been checked; a refusal is thrown as a `SluiceError`. */
export const HANDLERS = {
  'transport-connect': (participant, { transportId, dtlsParameters }) =>
    participant.connectTransport(transportId, dtlsParameters).then(done),
  'transport-restart-ice': (participant, { transportId }) =>
    participant
      .restartIce(transportId)
      .then((iceParameters) => ({ iceParameters, iceServers: participant.iceServers })),
  subscribe: (participant, { rtpCapabilities, mode = 'auto' }) =>
    participant.subscribe(rtpCapabilities, mode).then((consumers) => ({ consumers })),
  produce: (participant, request) => participant.produce(request).then((producer) => ({ producer })),
  'producer-pause': (participant, { producerId }) => participant.pauseProducer(producerId).then(done),
  'producer-resume': (participant, { producerId }) => participant.resumeProducer(producerId).then(done),
  'producer-close': (participant, { producerId }) => participant.closeProducer(producerId).then(done),
  consume: (participant, { producerIds }) => participant.consume(producerIds).then((consumers) => ({ consumers })),
  'consumer-pause': (participant, { consumerIds }) => participant.pauseConsumers(consumerIds).then(done),
  'consumer-resume': (participant, { consumerIds }) => participant.resumeConsumers(consumerIds).then(done),
  'consumer-close': (participant, { consumerIds }) => participant.closeConsumers(consumerIds).then(done),
  'consumer-layers': (participant, { consumerId, ...layers }) =>
    participant.setPreferredLayers(consumerId, layers).then(done),
  chat: (participant, { text }) => participant.chat(text).then((message) => ({ message })),
  'data-open': (participant) => participant.openData().then(done),
  data: (participant, { header, payload, lossy }) =>
    participant.sendData(lossy ? 'lossy' : 'reliable', header, decodePayload(header, payload)).then(done),
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
