/** The two data channels of a receiving transport, which carry messages both ways. */
import type { HandlerInterface } from 'mediasoup-client/types';

import type { DataMode } from '../../src/rooms/data-header.ts';
import type { Scope } from './scope.ts';

/** SCTP streams as the server has them; negotiated out of band (RFC 8831 §6.5). */
const STREAMS = {
  reliable: { streamId: 0, ordered: true },
  lossy: { streamId: 1, ordered: false, maxRetransmits: 0 },
} as const satisfies Record<DataMode, object>;

/** Bytes that may wait in the browser before `send` waits, too, and how few of them must be left then. */
const HIGH_WATER = 1 << 20;
const LOW_WATER = 1 << 18;

export type DataChannels = {
  /** Resolves when both are open; never where they never are. */
  readonly opened: Promise<void>;
  readonly open: boolean;
  /** Resolves when the browser has taken it, which may wait for what was sent before. Lossy frames never wait. */
  send(mode: DataMode, frame: Uint8Array): Promise<void>;
  /** Who gets the frames; set once. What came before is handed over then. */
  receive(listener: (frame: Uint8Array) => void): void;
};

/** Negotiates both. Rejects where the browser refuses. */
export async function openDataChannels(handler: HandlerInterface, scope: Scope): Promise<DataChannels> {
  const early: Uint8Array[] = [];
  let receive: (frame: Uint8Array) => void = (frame) => early.push(frame);
  const openOne = async (mode: DataMode) => {
    const { dataChannel } = await handler.receiveDataChannel({ sctpStreamParameters: STREAMS[mode], label: mode });
    dataChannel.binaryType = 'arraybuffer';
    dataChannel.bufferedAmountLowThreshold = LOW_WATER;
    scope.listen(dataChannel, 'message', (event) => {
      const { data } = event as MessageEvent<unknown>;
      if (data instanceof ArrayBuffer) receive(new Uint8Array(data));
    });
    return dataChannel;
  };
  // The first one brings the negotiation about SCTP, and with it ICE and DTLS.
  const channels = { reliable: await openOne('reliable'), lossy: await openOne('lossy') };
  const both = Object.values(channels);
  const isOpen = () => both.every(({ readyState }) => readyState === 'open');
  const opened = Promise.all(both.map((channel) => opening(channel, scope))).then(() => undefined);
  return {
    opened,
    get open() {
      return isOpen();
    },
    async send(mode, frame) {
      const channel = channels[mode];
      if (channel.bufferedAmount > HIGH_WATER) {
        if (mode === 'lossy') return;
        await drained(channel, scope);
      }
      channel.send(frame as Uint8Array<ArrayBuffer>);
    },
    receive(listener) {
      receive = listener;
      for (const frame of early.splice(0)) listener(frame);
    },
  };
}

function opening(channel: RTCDataChannel, scope: Scope): Promise<void> {
  return new Promise((resolve) => {
    if (channel.readyState === 'open') resolve();
    else scope.listen(channel, 'open', () => resolve());
  });
}

function drained(channel: RTCDataChannel, scope: Scope): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      for (const stop of stops) stop();
      resolve();
    };
    const stops = ['bufferedamountlow', 'close'].map((type) => scope.listen(channel, type, done));
    scope.onClose(resolve);
  });
}
