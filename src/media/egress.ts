/**
 * Payload types of a receiver's own choice.
 *
 * A consumer sends with the payload types of its router, which every producer was mapped to when it began. A receiver
 * that made the offer must be sent what it offered (RFC 3264 §6.1), so it gets a router with its payload types, on the
 * same worker, and each track that it receives is piped there once for all receivers with the same ones.
 */
import type { Router, RouterRtpCodecCapability } from 'mediasoup/types';

import { SluiceError } from '../kernel/errors.ts';
import type { ProducerId } from '../rooms/ids.ts';
import type { PayloadTypes } from '../rooms/media-engine.ts';
import type { RtpCapabilities } from '../rooms/ortc.ts';
import { PORTS } from './addresses.ts';

/** A router with payload types of its own. */
export type Egress = {
  readonly router: Router;
  /** Has `producerId` forwarded to the router; resolves with what it is called there. */
  bring(producerId: ProducerId): Promise<string>;
  /** One transport less uses it; with the last one it closes. */
  release(): void;
};

/** Where a room's receivers get their egress from. */
export type EgressPool = {
  /** The egress with these payload types, for one more transport. */
  take(payloadTypes: PayloadTypes): Promise<Egress>;
  /** Ends them all, and every transport on them. */
  close(): void;
};

export type EgressPoolOptions = {
  readonly router: Router;
  /** Opens a router on the worker of the room's own. */
  readonly openRouter: (mediaCodecs: RouterRtpCodecCapability[]) => Promise<Router>;
  /** What the room's own router was opened with, and what came of it. */
  readonly codecs: readonly RouterRtpCodecCapability[];
  readonly capabilities: RtpCapabilities;
};

type Shared = { readonly opening: Promise<Router>; readonly brought: Map<ProducerId, Promise<string>>; users: number };

/** Pipes stay within the machine. */
const PIPE = { protocol: 'udp', ip: '127.0.0.1', portRange: { min: PORTS.from, max: PORTS.to - 1 } } as const;

export function createEgressPool(options: EgressPoolOptions): EgressPool {
  const byPayloadTypes = new Map<string, Shared>();

  function end(key: string, shared: Shared): void {
    if (byPayloadTypes.get(key) === shared) byPayloadTypes.delete(key);
    // The router's end closes the pipes too, and what they brought.
    shared.opening.then(
      (router) => router.close(),
      () => undefined,
    );
  }

  return {
    async take(payloadTypes) {
      const key = [...payloadTypes].toSorted(([a], [b]) => a - b).join(' ');
      let shared = byPayloadTypes.get(key);
      if (shared === undefined) {
        const opening = options.openRouter(renumbered(options, payloadTypes));
        shared = { opening, brought: new Map(), users: 0 };
        byPayloadTypes.set(key, shared);
      }
      shared.users += 1;
      const { opening, brought } = shared;
      let used = true;
      const release = () => {
        if (!used) return;
        used = false;
        shared.users -= 1;
        if (shared.users === 0) end(key, shared);
      };
      try {
        const router = await opening;
        return { router, release, bring: (producerId) => bring(options.router, router, brought, producerId) };
      } catch (error) {
        release();
        throw error;
      }
    },
    close() {
      for (const [key, shared] of byPayloadTypes) end(key, shared);
    },
  };
}

/** The codecs of the room that the receiver has, with its payload types. Throws `unsupported-codec` where there are none. */
function renumbered(
  { codecs, capabilities }: EgressPoolOptions,
  payloadTypes: PayloadTypes,
): RouterRtpCodecCapability[] {
  // What the router made of its codecs comes in their order, each with its RTX behind it.
  const media = capabilities.codecs.filter(({ mimeType }) => !mimeType.toLowerCase().endsWith('/rtx'));
  const known = codecs.flatMap((codec, index) => {
    const preferredPayloadType = payloadTypes.get(media[index]?.preferredPayloadType ?? -1);
    return preferredPayloadType === undefined ? [] : [{ ...structuredClone(codec), preferredPayloadType }];
  });
  if (known.length === 0) throw new SluiceError('unsupported-codec');
  return known;
}

function bring(
  from: Router,
  to: Router,
  brought: Map<ProducerId, Promise<string>>,
  producerId: ProducerId,
): Promise<string> {
  const piped = brought.get(producerId);
  if (piped !== undefined) return piped;
  const piping = from
    .pipeToRouter({ producerId, router: to, keepId: false, listenInfo: PIPE, enableSctp: false })
    .then(({ pipeProducer }) => {
      if (pipeProducer === undefined) throw new SluiceError('producer-not-found');
      const forget = () => brought.delete(producerId);
      if (pipeProducer.closed) forget();
      else pipeProducer.observer.once('close', forget);
      return pipeProducer.id;
    });
  brought.set(producerId, piping);
  piping.catch(() => {
    if (brought.get(producerId) === piping) brought.delete(producerId);
  });
  return piping;
}
