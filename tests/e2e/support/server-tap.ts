/** What the server itself gets of the media that it forwards, by a DirectTransport, and what a decoder makes of it. */
import type { TestContext } from 'node:test';

import { observer } from 'mediasoup';
import type { Producer, Router } from 'mediasoup/types';
import type { Page } from 'playwright-core';

import { eventually } from './eventually.ts';

const WITHIN = 20_000;

export type ServerTap = {
  /** The next `count` frames of the video that was published last, from a key frame on, as its encoder made them (VP8). */
  pictures(t: TestContext, count: number): Promise<Buffer[]>;
};

/** Call it before a server starts in this process. */
export function tapServer(): ServerTap {
  let latest: { readonly router: Router; readonly producer: Producer } | undefined;
  observer.on('newworker', (worker) => {
    worker.observer.on('newrouter', (router) => {
      router.observer.on('newtransport', (transport) => {
        transport.observer.on('newproducer', (producer) => {
          if (producer.kind === 'video') latest = { router, producer };
        });
      });
    });
  });
  return {
    async pictures(t, count) {
      if (latest === undefined) throw new Error('nobody publishes video');
      const { router, producer } = latest;
      const direct = await router.createDirectTransport();
      t.after(() => direct.close());
      const { rtpCapabilities } = router;
      const consumer = await direct.consume({ producerId: producer.id, rtpCapabilities });
      const frames: Buffer[] = [];
      let parts: Buffer[] = [];
      consumer.on('rtp', (packet) => {
        const payload = vp8Payload(packet);
        if (payload.start) parts = [];
        parts.push(payload.bytes);
        if ((packet[1]! & 0x80) === 0) return;
        const frame = Buffer.concat(parts);
        if (frames.length > 0 || ((frame[0] ?? 1) & 1) === 0) frames.push(frame);
      });
      await consumer.requestKeyFrame();
      await eventually(
        'the server gets frames',
        () => frames.length,
        (length) => length >= count,
        WITHIN,
      );
      direct.close();
      return frames.slice(0, count);
    },
  };
}

/** A small picture, as the brightness of its pixels. */
export type Thumbnail = readonly number[];

/** How far a picture is, on average of its pixels, from the one of `others` that is most like it: 0 to 255. */
export function distance(one: Thumbnail, others: readonly Thumbnail[]): number {
  const apart = (other: Thumbnail) => one.reduce((sum, value, at) => sum + Math.abs(value - (other[at] ?? 0)), 0);
  return Math.min(...others.map(apart)) / one.length;
}

/**
 * What the page's decoder makes of these frames, as far as it makes anything; and what the page's first video shows, for
 * as long as the fake camera takes to show all that it has.
 */
export function decodedOf(page: Page, frames: readonly Buffer[]): Promise<{ decoded: Thumbnail[]; seen: Thumbnail[] }> {
  return page.evaluate(
    async (encoded) => {
      const canvas = new OffscreenCanvas(32, 18);
      const context = canvas.getContext('2d', { willReadFrequently: true })!;
      const thumbnail = (picture: CanvasImageSource) => {
        context.drawImage(picture, 0, 0, canvas.width, canvas.height);
        const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
        return Array.from(
          { length: data.length / 4 },
          (_, at) => (data[4 * at]! + data[4 * at + 1]! + data[4 * at + 2]!) / 3,
        );
      };
      const seen: number[][] = [];
      for (let count = 0; count < 40; count += 1) {
        seen.push(thumbnail(document.querySelector('video')!));
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      const decoded: number[][] = [];
      const decoder = new VideoDecoder({
        output(frame) {
          decoded.push(thumbnail(frame));
          frame.close();
        },
        // It closes itself: what it has decoded before stands.
        error: () => undefined,
      });
      decoder.configure({ codec: 'vp8' });
      for (const [at, base64] of encoded.entries()) {
        const data = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
        const type = (data[0]! & 1) === 0 ? 'key' : 'delta';
        if (decoder.state === 'configured') decoder.decode(new EncodedVideoChunk({ type, timestamp: at * 1000, data }));
      }
      if (decoder.state === 'configured') await decoder.flush().catch(() => undefined);
      return { decoded, seen };
    },
    frames.map((frame) => frame.toString('base64')),
  );
}

/** RFC 3550 §5.1 and RFC 7741 §4.2: what stands behind the RTP header and the payload descriptor. */
function vp8Payload(packet: Buffer): { bytes: Buffer; start: boolean } {
  let at = 12 + 4 * (packet[0]! & 0xf);
  if ((packet[0]! & 0x10) !== 0) at += 4 + 4 * packet.readUInt16BE(at + 2);
  const first = packet[at]!;
  const start = (first & 0x1f) === 0x10;
  at += 1;
  if (first >= 0x80) {
    const fields = packet[at]!;
    at += 1;
    if (fields >= 0x80) at += packet[at]! >= 0x80 ? 2 : 1;
    if ((fields & 0x40) !== 0) at += 1;
    if ((fields & 0x30) !== 0) at += 1;
  }
  const end = (packet[0]! & 0x20) === 0 ? packet.length : packet.length - packet.at(-1)!;
  return { bytes: packet.subarray(at, end), start };
}
