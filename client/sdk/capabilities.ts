/**
 * What this browser can send and receive, asked of it once a page. mediasoup-client asks anew at each device load,
 * twice, with a peer connection and an offer each time; here the load finds the answers ready.
 */
import { detectDevice, Device } from 'mediasoup-client';
import { Chrome111 } from 'mediasoup-client/handlers/Chrome111';
import { Firefox120 } from 'mediasoup-client/handlers/Firefox120';
import { Safari12 } from 'mediasoup-client/handlers/Safari12';
import type { HandlerFactory, RtpCapabilities } from 'mediasoup-client/types';

import type { RtpCapabilities as WireCapabilities } from '../../src/rooms/ortc.ts';
import { clientError, toClientError } from './errors.ts';
import { improveReceiving } from './receive-handler.ts';

type Direction = 'sendonly' | 'recvonly';

/** Handlers by the names under which mediasoup-client detects browsers; older ones than these are not supported. */
const FACTORIES: Partial<Record<string, () => HandlerFactory>> = {
  Chrome111: () => Chrome111.createFactory({}),
  Firefox120: () => Firefox120.createFactory({}),
  Safari12: () => Safari12.createFactory({}),
};

/** What servers may forward; browsers list as much again that they never will: telephone tones, FEC, old audio. */
const RECEIVED = /^(audio\/opus|video\/(vp8|vp9|h264|av1|rtx))$/i;

export type Browser = {
  factory: HandlerFactory;
  certificate: Promise<RTCCertificate>;
  native: Record<Direction, Promise<RtpCapabilities>>;
};

let browser: Browser | undefined;

/** Starts finding out; later calls get what the first one started. Throws `not-supported`. */
export function thisBrowser(): Browser {
  if (browser !== undefined) return browser;
  const found = typeof RTCPeerConnection === 'function' ? FACTORIES[detectDevice() ?? ''] : undefined;
  if (found === undefined) throw clientError('not-supported');
  const inner = found();
  // Receiving comes first: it is what a join waits for.
  const recvonly = inner.getNativeRtpCapabilities({ direction: 'recvonly' });
  const sendonly = recvonly.then(() => inner.getNativeRtpCapabilities({ direction: 'sendonly' }));
  const certificate = RTCPeerConnection.generateCertificate({ name: 'ECDSA', namedCurve: 'P-256' } as EcKeyGenParams);
  // Whoever needs one of these awaits it and gets its failure; nobody may need it.
  for (const promise of [recvonly, sendonly, certificate]) promise.catch(() => (browser = undefined));
  const native = { recvonly, sendonly };
  const factory: HandlerFactory = {
    name: inner.name,
    factory: (options) => {
      const handler = inner.factory(options);
      return options.direction === 'recv' ? improveReceiving(handler) : handler;
    },
    getNativeRtpCapabilities: ({ direction }) => native[direction],
  };
  return (browser = { factory, certificate, native });
}

/** What this browser can receive. Rejects with `not-supported`. */
export async function receiveCapabilities(): Promise<WireCapabilities> {
  try {
    const { codecs = [], ...rest } = await thisBrowser().native.recvonly;
    return { ...rest, codecs: codecs.filter(({ mimeType }) => RECEIVED.test(mimeType)) } as WireCapabilities;
  } catch (error) {
    throw toClientError(error, 'not-supported');
  }
}

/** The certificate that all of this page's transports use: made once, before the first of them needs it. */
export function browserCertificate(): Promise<RTCCertificate> {
  return thisBrowser().certificate;
}

let loaded: { key: string; device: Promise<Device> } | undefined;

/** A device loaded for a router of these capabilities; rooms of one server share it. Rejects with `not-supported`. */
export async function loadDevice(routerRtpCapabilities: WireCapabilities): Promise<Device> {
  const key = JSON.stringify(routerRtpCapabilities);
  if (loaded?.key !== key) loaded = { key, device: load(routerRtpCapabilities as RtpCapabilities) };
  const { device } = loaded;
  try {
    return await device;
  } catch (error) {
    loaded = undefined;
    throw toClientError(error, 'not-supported');
  }
}

async function load(routerRtpCapabilities: RtpCapabilities): Promise<Device> {
  const device = new Device({ handlerFactory: thisBrowser().factory });
  await device.load({ routerRtpCapabilities });
  return device;
}

type EcKeyGenParams = AlgorithmIdentifier & { namedCurve: string };
