/** Somebody in a room without a browser: signaling, two real transports, and encoded sound and picture. */
import type { ConsumerInfo } from '../../src/rooms/events.ts';
import type { RtpParameters } from '../../src/rooms/ortc.ts';
import type { SentTimes } from './sent-times.ts';
import { cameraClip, type VideoCodec, voiceClip } from './clip.ts';
import type { Metronome } from './metronome.ts';
import { codecOf, connectReceiver, connectSender, type SentMedia } from './peer.ts';
import { createStream, type Reception } from './receiver.ts';
import { asksForKeyFrame, createSendingStream, type SendingStream } from './sender.ts';
import { joinRoom, type Signaling } from './signaling.ts';

/** What the bots of one process share. */
export type Studio = {
  readonly metronome: Metronome;
  /** When the streams of these bots were sent, by producer. */
  readonly sent: Map<string, SentTimes>;
};

export type BotOptions = {
  readonly origin: string;
  readonly token: string;
  readonly studio: Studio;
  /** Sends a voice, and a camera where a codec is named. */
  readonly publish?: { readonly video?: VideoCodec | undefined };
  /** Receives all that there is, and counts it here; or decrypts it and drops it, which costs much less. */
  readonly receive?: Reception | 'uncounted';
};

/** Milliseconds since the call to join; those that have not happened (yet) are not there. */
export type BotSteps = { opened: number; joined: number; connected?: number; firstPacket?: number };

export type Bot = {
  readonly id: string;
  readonly token: string;
  readonly steps: Readonly<BotSteps>;
  /** Packets sent so far. */
  readonly sent: number;
  /** Resolves when the bot is out of the room, and its connections are closed. */
  leave(): Promise<void>;
};

/** What a bot says that it can receive. */
export const RTP_CAPABILITIES = {
  codecs: (['opus', 'vp8', 'h264'] as const).flatMap((codec) =>
    codecOf(codec).codecs.map(({ payloadType, ...rest }) => ({
      ...rest,
      kind: codec === 'opus' ? ('audio' as const) : ('video' as const),
      preferredPayloadType: payloadType,
    })),
  ),
};

let lastSsrc = 1000;

/** Resolves when it is connected in each direction that it uses. */
export async function joinBot(options: BotOptions): Promise<Bot> {
  const began = performance.now();
  const { publish, receive, studio } = options;
  const closers: (() => void)[] = [];
  // Consumers may be announced before the join is settled here.
  const early: ConsumerInfo[] = [];
  let added = (consumer: ConsumerInfo): void => void early.push(consumer);
  const signaling = await joinRoom(
    options.origin,
    {
      token: options.token,
      client: 'sluice-bot',
      ...(receive === undefined ? { subscribe: 'manual' } : { rtpCapabilities: RTP_CAPABILITIES }),
    },
    (name, payload) => {
      if (name === 'consumer-added' && receive !== undefined) added((payload as { consumer: ConsumerInfo }).consumer);
    },
  );
  const steps: BotSteps = { opened: signaling.openedAfter, joined: signaling.joinedAfter };
  const close = () => {
    for (const end of closers) end();
  };
  try {
    const streams = await publishAll(signaling, publish, studio, closers);
    if (receive !== undefined) {
      const receiver = startReceiving(
        signaling,
        receive,
        studio,
        () => (steps.firstPacket ??= performance.now() - began),
      );
      closers.push(receiver.close);
      const first = [...signaling.joined.consumers, ...early];
      added = (consumer) => void receiver.add([consumer]).catch(() => undefined);
      if (first.length > 0) await receiver.add(first);
    }
    steps.connected = performance.now() - began;
    return {
      id: signaling.joined.self.id,
      token: options.token,
      steps,
      get sent() {
        return streams.reduce((sum, stream) => sum + stream.packets, 0);
      },
      async leave() {
        close();
        await signaling.leave();
      },
    };
  } catch (error) {
    close();
    signaling.close();
    throw error;
  }
}

async function publishAll(
  signaling: Signaling,
  publish: BotOptions['publish'],
  { metronome, sent }: Studio,
  closers: (() => void)[],
): Promise<readonly SendingStream[]> {
  if (publish === undefined) return [];
  const media: SentMedia[] = [{ kind: 'audio', codec: 'opus', ssrc: (lastSsrc += 1) }];
  if (publish.video !== undefined) media.push({ kind: 'video', codec: publish.video, ssrc: (lastSsrc += 1) });
  const { send: transport } = signaling.joined.media;
  const connection = connectSender(transport, media);
  closers.push(connection.close);
  await signaling.request('transport-connect', { transportId: transport.id, dtlsParameters: connection.dtls });
  await connection.connected;
  const streams: SendingStream[] = [];
  for (const [index, { kind, codec, ssrc }] of media.entries()) {
    const { producer } = await signaling.request('produce', {
      kind,
      source: kind === 'audio' ? 'microphone' : 'camera',
      rtpParameters: parametersOf(codec, ssrc, connection.mids[index]!),
    });
    const stream = createSendingStream({
      clip: codec === 'opus' ? voiceClip() : cameraClip(codec),
      payloadType: codecOf(codec).codecs[0]!.payloadType,
      ssrc,
      send: connection.send,
      from: performance.now(),
    });
    sent.set(producer.id, stream.sent);
    metronome.add(stream);
    closers.unshift(() => {
      metronome.remove(stream);
      sent.delete(producer.id);
    });
    streams.push(stream);
  }
  connection.onPacket((packet) => {
    if (asksForKeyFrame(packet)) for (const stream of streams) stream.restart();
  });
  return streams;
}

function parametersOf(codec: SentMedia['codec'], ssrc: number, mid: string): RtpParameters {
  return { ...codecOf(codec), mid, headerExtensions: [], encodings: [{ ssrc }], rtcp: { cname: 'bot' } };
}

function startReceiving(
  signaling: Signaling,
  reception: Reception | 'uncounted',
  { sent }: Studio,
  started: () => void,
) {
  const { recv: transport } = signaling.joined.media;
  const connection = connectReceiver(transport);
  let connecting: Promise<unknown> | undefined;
  return {
    close: connection.close,
    /** Resolves when these are resumed, and the connection is up. */
    async add(consumers: readonly ConsumerInfo[]): Promise<void> {
      const dtlsParameters = connection.add(consumers, (consumer) =>
        reception === 'uncounted'
          ? undefined
          : createStream(reception, {
              ssrc: consumer.rtpParameters.encodings?.[0]?.ssrc,
              clockRate: consumer.kind === 'audio' ? 48_000 : 90_000,
              sent: sent.get(consumer.producerId),
              started,
            }),
      );
      connecting ??= signaling.request('transport-connect', { transportId: transport.id, dtlsParameters });
      const consumerIds = consumers.map(({ id }) => id);
      await Promise.all([connecting, signaling.request('consumer-resume', { consumerIds }), connection.connected]);
    },
  };
}
