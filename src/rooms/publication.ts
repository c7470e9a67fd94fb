import type { Demand } from './demand.ts';
import type { ProducerInfo } from './events.ts';
import type { MediaKind, Source } from './grants.ts';
import type { ParticipantId } from './ids.ts';
import type { MediaProducer } from './media-engine.ts';
import type { RtpParameters } from './ortc.ts';
import type { Picture, Size } from './wanted-layers.ts';

/** A track that a participant publishes. */
export type Publication = {
  readonly participantId: ParticipantId;
  readonly source: Source;
  readonly producer: MediaProducer;
  /** Muted. */
  paused: boolean;
  /** Settles when what was asked for it so far (to pause, to resume) is done. */
  turn: Promise<void>;
  /** Where it is video: what it looks like, and what its receivers want of it. */
  readonly video: { readonly picture: Picture; readonly demand: Demand } | undefined;
};

/** `size`: of the picture, in pixels, where the sender knows it. */
export type ProduceRequest = {
  kind: MediaKind;
  source: Source;
  rtpParameters: RtpParameters;
  paused?: boolean;
  size?: Size;
};

/** `publication` as others are told of it. */
export function producerInfo({ producer, source, paused }: Publication): ProducerInfo {
  return { id: producer.id, kind: producer.kind, source, paused, layers: producer.layers };
}
