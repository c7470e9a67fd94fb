import type { Producer } from 'mediasoup/types';

import { SluiceError } from '../kernel/errors.ts';
import type { ProducerId } from '../rooms/ids.ts';
import type { MediaProducer } from '../rooms/media-engine.ts';
import { refusing } from './refusal.ts';
import type { LayerCounts } from './validate.ts';

/** A mediasoup producer as rooms know it. */
export function adoptProducer(producer: Producer, layers: LayerCounts): MediaProducer {
  const open = (): Producer => {
    if (producer.closed) throw new SluiceError('producer-not-found');
    return producer;
  };
  const gone = () => (producer.closed ? 'producer-not-found' : undefined);
  return {
    id: producer.id as ProducerId,
    kind: producer.kind,
    layers,
    pause: () => refusing(async () => open().pause(), gone),
    resume: () => refusing(async () => open().resume(), gone),
    close: () => producer.close(),
  };
}
