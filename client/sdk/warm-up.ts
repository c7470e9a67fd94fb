import { Device } from 'mediasoup-client';
import type { ConsumerOptions, MediaKind, RtpCapabilities } from 'mediasoup-client/types';
import { io } from 'socket.io-client';

import { type Browser, thisBrowser } from './capabilities.ts';

/** Does ahead of time what the first join of a page has to wait for. Never fails; `join` says what is missing. */
export async function prepare(): Promise<void> {
  try {
    const browser = thisBrowser();
    // Compiled by being run; it opens nothing.
    io(location.origin, { autoConnect: false, forceNew: true, transports: ['websocket'] });
    await browser.native.sendonly;
    await rehearse(browser);
  } catch {
    // Whatever it is, it is in the way of a join too, which reports it.
  }
}

/**
 * Receives from nobody, once. The first negotiation of a page costs several times what later ones do: the browser
 * starts threads and asks codecs and network interfaces what they can do, and none of this code is compiled yet. Done
 * before somebody waits for it, it is done. No packet is sent: there is no address to send it to.
 */
async function rehearse({ factory, native, certificate }: Browser): Promise<void> {
  const device = new Device({ handlerFactory: factory });
  await device.load({ routerRtpCapabilities: await native.recvonly });
  const transport = device.createRecvTransport({
    id: 'rehearsal',
    iceParameters: { usernameFragment: 'rehearsal', password: 'a-rehearsal-needs-no-password' },
    iceCandidates: [],
    dtlsParameters: { fingerprints: [{ algorithm: 'sha-256', value: Array(32).fill('00').join(':') }] },
    sctpParameters: { port: 5000, maxSendMessageSize: 1 << 18, maxReceiveMessageSize: 1 << 18 },
    additionalSettings: { certificates: [await certificate] },
  });
  transport.on('connect', (_parameters, done) => done());
  try {
    const { recvRtpCapabilities } = device;
    await transport.handler.receiveDataChannel({ sctpStreamParameters: { streamId: 0 }, label: 'rehearsal' });
    await Promise.all(
      (['audio', 'video'] as const).map((kind) => transport.consume(consumer(kind, recvRtpCapabilities))),
    );
  } finally {
    transport.close();
  }
}

function consumer(kind: MediaKind, { codecs = [] }: RtpCapabilities): ConsumerOptions {
  const wanted = kind === 'audio' ? 'audio/opus' : 'video/vp8';
  const codec = codecs.find(({ mimeType }) => mimeType.toLowerCase() === wanted);
  if (codec?.preferredPayloadType === undefined) throw new Error(`This browser has no ${wanted}.`);
  const { mimeType, clockRate, channels, preferredPayloadType: payloadType } = codec;
  return {
    id: kind,
    producerId: kind,
    kind,
    rtpParameters: {
      mid: kind,
      codecs: [{ mimeType, clockRate, payloadType, ...(channels === undefined ? {} : { channels }) }],
      encodings: [{ ssrc: kind === 'audio' ? 1 : 2 }],
      rtcp: { cname: 'rehearsal' },
    },
  };
}
