/**
 * A MediaEngine that forwards nothing but keeps the port's promises: for tests of who is in a room, where a real SFU
 * would add seconds and no insight. Media itself is tested with real workers.
 */
import { SluiceError } from '../../src/kernel/errors.ts';
import type { DataMode } from '../../src/rooms/data-header.ts';
import type { MediaKind } from '../../src/rooms/grants.ts';
import type { ConsumerId, ProducerId, TransportId } from '../../src/rooms/ids.ts';
import type {
  Layers,
  MediaConsumer,
  MediaEngine,
  MediaProducer,
  MediaRoom,
  MediaRoomListener,
  MediaTransport,
  MediaTransportListener,
  MediaTransportObserver,
  TransportState,
} from '../../src/rooms/media-engine.ts';
import type { RtpCapabilities, RtpParameters } from '../../src/rooms/ortc.ts';

export const CAPABILITIES: RtpCapabilities = {
  codecs: [
    { kind: 'audio', mimeType: 'audio/opus', preferredPayloadType: 100, clockRate: 48_000, channels: 2 },
    { kind: 'video', mimeType: 'video/VP8', preferredPayloadType: 101, clockRate: 90_000 },
  ],
};

export const AUDIO: RtpParameters = {
  mid: '0',
  codecs: [{ mimeType: 'audio/opus', payloadType: 111, clockRate: 48_000, channels: 2 }],
  encodings: [{ ssrc: 1111 }],
};
export const VIDEO: RtpParameters = {
  mid: '1',
  codecs: [{ mimeType: 'video/VP8', payloadType: 96, clockRate: 90_000 }],
  encodings: [{ ssrc: 2222 }],
};

/** As `VIDEO`, in three sizes. */
export const SIMULCAST: RtpParameters = { ...VIDEO, encodings: [{ ssrc: 2222 }, { ssrc: 2223 }, { ssrc: 2224 }] };

export type MemoryConsumer = MediaConsumer & {
  paused: boolean;
  layers: Layers | undefined;
  priority: number;
  /** How often a key frame was asked for. */
  keyFrameRequests: number;
  closed: boolean;
};
export type MemoryProducer = MediaProducer & { paused: boolean; closed: boolean };
/** A transport with those who hear of it: a test says what happens to it and what is seen of it. */
export type MemoryTransport = MediaTransport & {
  closed: boolean;
  readonly listener: MediaTransportListener;
  readonly observer: MediaTransportObserver | undefined;
};
export type MemoryRoom = MediaRoom & {
  readonly listener: MediaRoomListener;
  readonly transports: Map<TransportId, MemoryTransport>;
  readonly producers: Map<ProducerId, MemoryProducer>;
  readonly consumers: Map<ConsumerId, MemoryConsumer>;
  /** Data channels, by their number. */
  readonly channels: Map<number, MemoryChannel>;
  closed: boolean;
};

/** A participant's data channels as its client has them. */
export type MemoryChannel = {
  readonly received: { mode: DataMode; message: Uint8Array }[];
  send(mode: DataMode, message: Uint8Array): void;
  overflow(): void;
};

export type MemoryMediaEngine = MediaEngine & {
  readonly rooms: MemoryRoom[];
  /** Lets no answer out until `release()`: stops the engine in the middle of something. */
  hold(): void;
  release(): void;
  /** What `openRoom` refuses with, where it does. */
  failure: SluiceError | undefined;
  /** Kills the worker under every open room. */
  loseAll(): void;
};

export function createMemoryMediaEngine(): MemoryMediaEngine {
  let lastId = 0;
  let gate = Promise.resolve();
  let open = () => undefined as void;
  const nextId = (kind: string) => `${kind}-${(lastId += 1)}`;
  const engine: MemoryMediaEngine = {
    rooms: [],
    hold() {
      gate = new Promise((resolve) => {
        open = resolve;
      });
    },
    release() {
      open();
      gate = Promise.resolve();
    },
    failure: undefined,
    async openRoom(listener) {
      await gate;
      if (engine.failure !== undefined) throw engine.failure;
      const room = createRoom(() => gate, nextId, listener);
      engine.rooms.push(room);
      return room;
    },
    loseAll() {
      for (const room of engine.rooms.filter(({ closed }) => !closed)) {
        room.close();
        room.listener.lost();
      }
    },
  };
  return engine;
}

function createRoom(
  gate: () => Promise<void>,
  nextId: (kind: string) => string,
  listener: MediaRoomListener,
): MemoryRoom {
  const room: MemoryRoom = {
    listener,
    rtpCapabilities: CAPABILITIES,
    transports: new Map(),
    producers: new Map(),
    consumers: new Map(),
    channels: new Map(),
    closed: false,
    async openTransport(hears, { observer } = {}) {
      await gate();
      mustBeOpen(room.closed);
      const transport = createTransport(gate, room, nextId, { listener: hears, observer });
      room.transports.set(transport.id, transport);
      return transport;
    },
    sendData(mode, message, to) {
      for (const [number, { received }] of room.channels) {
        if ('except' in to ? number !== to.except : to.includes(number)) received.push({ mode, message });
      }
    },
    close() {
      room.closed = true;
      for (const transport of room.transports.values()) transport.close();
    },
  };
  return room;
}

function createTransport(
  gate: () => Promise<void>,
  room: MemoryRoom,
  nextId: (kind: string) => string,
  { listener, observer }: Pick<MemoryTransport, 'listener' | 'observer'>,
): MemoryTransport {
  const id = nextId('transport') as TransportId;
  const owned: { close(): void }[] = [];
  let state: TransportState = 'new';
  const transport: MemoryTransport = {
    id,
    listener,
    observer,
    closed: false,
    get state() {
      return state;
    },
    parameters: {
      id,
      iceParameters: { usernameFragment: `ufrag-${id}`, password: 'password', iceLite: true },
      iceCandidates: [],
      dtlsParameters: {
        role: 'auto',
        fingerprints: [{ algorithm: 'sha-256', value: Array.from({ length: 32 }, () => 'AB').join(':') }],
      },
    },
    async connect() {
      await gate();
      mustBeOpen(transport.closed);
      if (state !== 'new') throw new SluiceError('out-of-order');
      state = 'connected';
    },
    async restartIce() {
      await gate();
      mustBeOpen(transport.closed);
      return { usernameFragment: nextId('ufrag'), password: 'password', iceLite: true };
    },
    async produce({ kind, paused, rtpParameters }) {
      await gate();
      mustBeOpen(transport.closed);
      const spatial = rtpParameters.encodings?.length ?? 1;
      const producer = createProducer(gate, room, { id: nextId('producer') as ProducerId, kind, paused, spatial });
      owned.push(producer);
      room.producers.set(producer.id, producer);
      return producer;
    },
    async openData(number, hears) {
      await gate();
      mustBeOpen(transport.closed);
      owned.push({ close: () => room.channels.delete(number) });
      return {
        start: () =>
          void room.channels.set(number, {
            received: [],
            send: (mode, message) => hears.message(mode, message),
            overflow: () => hears.overflowed(),
          }),
      };
    },
    async consume({ producerId, paused }) {
      await gate();
      mustBeOpen(transport.closed);
      const producer = room.producers.get(producerId);
      if (producer === undefined || producer.closed) throw new SluiceError('producer-not-found');
      const consumer = createConsumer(room, nextId('consumer') as ConsumerId, producer, paused);
      owned.push(consumer);
      room.consumers.set(consumer.id, consumer);
      return consumer;
    },
    close() {
      transport.closed = true;
      for (const child of owned) child.close();
      room.transports.delete(id);
    },
  };
  return transport;
}

function createProducer(
  gate: () => Promise<void>,
  room: MemoryRoom,
  { id, kind, paused, spatial }: { id: ProducerId; kind: MediaKind; paused: boolean; spatial: number },
): MemoryProducer {
  const producer: MemoryProducer = {
    id,
    kind,
    layers: { spatial, temporal: 1 },
    paused,
    closed: false,
    async pause() {
      await gate();
      producer.paused = true;
    },
    async resume() {
      await gate();
      producer.paused = false;
    },
    close() {
      producer.closed = true;
      room.producers.delete(id);
      for (const consumer of room.consumers.values()) if (consumer.producerId === id) consumer.close();
    },
  };
  return producer;
}

function createConsumer(
  room: MemoryRoom,
  id: ConsumerId,
  { id: producerId, kind }: MemoryProducer,
  paused: boolean,
): MemoryConsumer {
  const consumer: MemoryConsumer = {
    id,
    producerId,
    kind,
    rtpParameters: kind === 'audio' ? AUDIO : VIDEO,
    paused,
    layers: undefined,
    priority: 1,
    keyFrameRequests: 0,
    closed: false,
    async pause() {
      consumer.paused = true;
    },
    async resume() {
      consumer.paused = false;
    },
    async setPreferredLayers(layers) {
      consumer.layers = layers;
    },
    async setPriority(priority) {
      consumer.priority = priority;
    },
    async requestKeyFrame() {
      consumer.keyFrameRequests += 1;
    },
    close() {
      consumer.closed = true;
      room.consumers.delete(id);
    },
  };
  return consumer;
}

function mustBeOpen(closed: boolean): void {
  if (closed) throw new SluiceError('media-unavailable');
}
