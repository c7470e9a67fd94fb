import type { Consumer } from 'mediasoup/types';

import { SluiceError } from '../kernel/errors.ts';
import type { ConsumerId, ProducerId } from '../rooms/ids.ts';
import type { Layers, MediaConsumer, MediaConsumerListener } from '../rooms/media-engine.ts';
import type { RtpParameters } from '../rooms/ortc.ts';
import { refusing } from './refusal.ts';
import { boundLayers } from './validate.ts';
import type { LayerCounts } from './validate.ts';

/** A consumer, and what its transport needs of it beside what rooms do. */
export type AdoptedConsumer = {
  readonly consumer: MediaConsumer;
  /** Whether nothing is to be forwarded. */
  readonly paused: boolean;
  /** The highest layers that are wanted; undefined for all. */
  readonly wantedLayers: Layers | undefined;
  /** Goes on with a key frame of the lowest layer, and sends nothing again that came before it; `goOn` gives back the others. */
  startAnew(): void;
  goOn(): void;
};

/** A mediasoup consumer as rooms know it; `counts` are its producer's layers. */
export function adoptConsumer(
  consumer: Consumer,
  counts: LayerCounts,
  listener: MediaConsumerListener,
): AdoptedConsumer {
  let paused = consumer.paused;
  let wanted: Layers | undefined;
  let lowest = false;
  const all = { spatialLayer: counts.spatial - 1, temporalLayer: counts.temporal - 1 };
  const prefer = async (layers: Layers) => {
    if (open().type !== 'simple') await consumer.setPreferredLayers(boundLayers(layers, counts));
  };
  const open = (): Consumer => {
    if (consumer.closed) throw new SluiceError('consumer-not-found');
    return consumer;
  };
  const gone = () => (consumer.closed ? 'consumer-not-found' : undefined);
  // Only simulcast and SVC have layers to change.
  consumer.on('layerschange', (layers) => listener.layersChanged(layers === undefined ? undefined : toLayers(layers)));
  const adopted: MediaConsumer = {
    id: consumer.id as ConsumerId,
    producerId: consumer.producerId as ProducerId,
    kind: consumer.kind,
    rtpParameters: consumer.rtpParameters as RtpParameters,
    pause: () =>
      refusing(async () => {
        paused = true;
        await open().pause();
      }, gone),
    resume: () =>
      refusing(async () => {
        paused = false;
        await open().resume();
      }, gone),
    setPreferredLayers: (layers) =>
      refusing(async () => {
        wanted = layers;
        if (!lowest) await prefer(layers);
      }, gone),
    setPriority: (priority) =>
      refusing(async () => {
        // Audio has no part in the bandwidth that is given out: it is always sent.
        if (open().kind === 'video') await consumer.setPriority(priority);
      }, gone),
    requestKeyFrame: () =>
      refusing(async () => {
        if (open().kind === 'video') await consumer.requestKeyFrame();
      }, gone),
    close: () => consumer.close(),
  };
  return {
    consumer: adopted,
    get paused() {
      return paused;
    },
    get wantedLayers() {
      return wanted;
    },
    startAnew() {
      if (paused || consumer.closed) return;
      lowest = true;
      // Right behind each other: what rooms ask for comes before all of it or after. A worker that pauses a consumer forgets
      // what it has sent. Where it fails, the consumer or its worker is gone.
      consumer.pause().catch(() => undefined);
      prefer({ spatialLayer: 0 }).catch(() => undefined);
      consumer.resume().catch(() => undefined);
    },
    goOn() {
      if (!lowest || consumer.closed) return;
      lowest = false;
      prefer(wanted ?? all).catch(() => undefined);
    },
  };
}

function toLayers({ spatialLayer, temporalLayer }: { spatialLayer: number; temporalLayer?: number }): Layers {
  return temporalLayer === undefined ? { spatialLayer } : { spatialLayer, temporalLayer };
}
