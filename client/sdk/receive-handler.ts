import { generateProbatorRtpParameters } from 'mediasoup-client/ortc';
import type { HandlerInterface, HandlerReceiveOptions, RtpParameters } from 'mediasoup-client/types';

/** By this name mediasoup-client asks for the stream on which the server probes for bandwidth. */
const PROBATOR = 'probator';

/**
 * Puts the probing stream into the same negotiation as the first video. mediasoup-client gives it one of its own right
 * after, which keeps the browser's signaling thread from starting ICE: 30 to 100 ms of every join.
 */
export function negotiateOnceForAll(handler: HandlerInterface): HandlerInterface {
  const receive = handler.receive.bind(handler);
  let probing = false;
  handler.receive = async (options: HandlerReceiveOptions[]) => {
    if (options.some(({ trackId }) => trackId === PROBATOR)) return probing ? [] : await receive(options);
    const video = probing ? undefined : options.find(({ kind }) => kind === 'video');
    if (video === undefined) return await receive(options);
    probing = true;
    try {
      const results = await receive([...options, probator(video.rtpParameters)]);
      return results.slice(0, options.length);
    } catch (error) {
      probing = false;
      throw error;
    }
  };
  return handler;
}

function probator(video: RtpParameters): HandlerReceiveOptions {
  return { trackId: PROBATOR, kind: 'video', rtpParameters: generateProbatorRtpParameters(video) };
}
