/**
 * A client on @roamhq/wrtc, libwebrtc's encoders and decoders without a browser: `wrtc-client.ts publish|play URL`, with
 * the token in TOKEN.
 */
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

import wrtc from '@roamhq/wrtc';

import { exchange } from '../support/exchange.ts';

const { MediaStream, RTCPeerConnection, nonstandard } = wrtc;
const { RTCAudioSink, RTCAudioSource, RTCVideoSink, RTCVideoSource } = nonstandard;
const [WIDTH, HEIGHT] = [320, 180];
/** 10 ms of sound at 48 kHz. */
const SAMPLES = 480;

const [verb = '', url = ''] = process.argv.slice(2);
const connection = new RTCPeerConnection();
const decoded = { frames: 0, size: '', peak: 0 };
if (verb === 'publish') publish();
else play();
const { sdp = '' } = await connection.createOffer();
// A library as old as this one takes number 4 for the MID where it offered it so: see docs/whip.md.
const offer = verb === 'publish' ? sdp : sdp.replace(/a=extmap:\d+ urn:ietf:params:rtp-hdrext:sdes:mid\r\n/gu, '');
await connection.setLocalDescription({ type: 'offer', sdp: offer });
// The server learns addresses from the checks that come: candidates need not be waited for.
const { answer, location, end } = await exchange({ url, token: process.env['TOKEN'] ?? '' }, offer);
await connection.setRemoteDescription({ type: 'answer', sdp: answer });
tell({ session: location });
// Standard input ends when this client is to end, or whoever started it is gone.
const ending = text(process.stdin).then(() => true);
while (!(await Promise.race([ending, sleep(200, false)]))) tell(decoded);
tell({ ended: await end() });
connection.close();
process.exit();

/** A picture that moves, and a tone. */
function publish(): void {
  const [video, audio] = [new RTCVideoSource(), new RTCAudioSource()];
  const tracks = [audio.createTrack(), video.createTrack()];
  const stream = new MediaStream(tracks);
  for (const track of tracks) connection.addTransceiver(track, { direction: 'sendonly', streams: [stream] });
  let at = 0;
  setInterval(() => {
    at += 1;
    const data = new Uint8Array((WIDTH * HEIGHT * 3) / 2).fill(128);
    for (let row = 0; row < HEIGHT; row += 1) data.fill((row + at * 5) & 0xff, row * WIDTH, (row + 1) * WIDTH);
    video.onFrame({ width: WIDTH, height: HEIGHT, data });
  }, 100);
  let sample = 0;
  setInterval(() => {
    const samples = Int16Array.from({ length: SAMPLES }, () => Math.sin((sample += 1) * 0.06) * 8000);
    audio.onData({ samples, sampleRate: 48_000, bitsPerSample: 16, channelCount: 1, numberOfFrames: SAMPLES });
  }, 10);
}

/** Decodes one track of sound and one of pictures. */
function play(): void {
  const [audio, video] = (['audio', 'video'] as const).map((kind) =>
    connection.addTransceiver(kind, { direction: 'recvonly' }),
  );
  const sound = new RTCAudioSink(audio!.receiver.track);
  const picture = new RTCVideoSink(video!.receiver.track);
  sound.ondata = ({ samples }: { samples: Int16Array }) => {
    for (const value of samples) if (Math.abs(value) > decoded.peak) decoded.peak = Math.abs(value);
  };
  picture.onframe = ({ frame }: { frame: { width: number; height: number } }) => {
    decoded.frames += 1;
    decoded.size = `${frame.width}x${frame.height}`;
  };
}

function tell(facts: object): void {
  process.stdout.write(`${JSON.stringify(facts)}\n`);
}
