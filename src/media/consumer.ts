import type { Consumer } from 'mediasoup/types';

import { SluiceError } from '../kernel/errors.ts';
import type { ConsumerId, ProducerId } from '../rooms/ids.ts';
import type { Layers, MediaConsumer, MediaConsumerListener } from '../rooms/media-engine.ts';
import type { RtpParameters } from '../rooms/ortc.ts';
import { refusing } from './refusal.ts';
import { boundLayers } from './validate.ts';
import type { LayerCounts } from './validate.ts';

/** A mediasoup consumer as rooms know it; `counts` are its producer's layers. */
export function adoptConsumer(consumer: Consumer, counts: LayerCounts, listener: MediaConsumerListener): MediaConsumer {
  const open = (): Consumer => {
    if (consumer.closed) throw new SluiceError('consumer-not-found');
    return consumer;
  };
  const gone = () => (consumer.closed ? 'consumer-not-found' : undefined);
  // Only simulcast and SVC have layers to change.
  consumer.on('layerschange', (layers) => listener.layersChanged(layers === undefined ? undefined : toLayers(layers)));
  return {
    id: consumer.id as ConsumerId,
    producerId: consumer.producerId as ProducerId,
    kind: consumer.kind,
    rtpParameters: consumer.rtpParameters as RtpParameters,
    pause: () => refusing(async () => open().pause(), gone),
    resume: () => refusing(async () => open().resume(), gone),
    setPreferredLayers: (layers) =>
      refusing(async () => {
        if (open().type !== 'simple') await consumer.setPreferredLayers(boundLayers(layers, counts));
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
}

function toLayers({ spatialLayer, temporalLayer }: { spatialLayer: number; temporalLayer?: number }): Layers {
  return temporalLayer === undefined ? { spatialLayer } : { spatialLayer, temporalLayer };
}
