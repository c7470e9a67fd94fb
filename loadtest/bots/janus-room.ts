/** Bots in a Janus video room, over its WebSocket API: one session, and a handle for each bot. */
import type { PeerConnection } from 'node-datachannel';

import { cameraClip, voiceClip } from './clip.ts';
import type { Metronome } from './metronome.ts';
import { addTrack, connected, newConnection, PAYLOAD_TYPES } from './peer.ts';
import { createStream, type Reception } from './receiver.ts';
import { asksForKeyFrame, createSendingStream } from './sender.ts';
import type { SentTimes } from './sent-times.ts';

export const ROOM = 1234;
const FEED = 1;
const ANSWER_WITHIN_MS = 10_000;
const SSRC = { audio: 11, video: 22 } as const;

type PluginData = {
  readonly error?: string;
  readonly participants?: readonly { readonly id: number; readonly publisher: boolean }[];
};
type Jsep = { readonly type: 'offer' | 'answer'; readonly sdp: string };
type Reply = {
  readonly janus: string;
  readonly transaction?: string;
  readonly data?: { readonly id: number };
  readonly plugindata?: { readonly data: PluginData };
  readonly jsep?: Jsep;
  readonly error?: { readonly reason: string };
};

export type JanusSession = {
  /** A handle of the video room; returns how to ask it something. */
  attach(): Promise<(body: object, jsep?: Jsep) => Promise<{ readonly jsep?: Jsep; readonly data?: PluginData }>>;
  close(): void;
};

/** Opens a session. */
export async function openJanusSession(url: string): Promise<JanusSession> {
  const socket = new WebSocket(url, 'janus-protocol');
  const waiting = new Map<string, (reply: Reply) => void>();
  let last = 0;
  socket.addEventListener('message', ({ data }) => {
    const reply = JSON.parse(String(data)) as Reply;
    // What was asked of a plugin is acknowledged first, and answered later.
    if (reply.janus !== 'ack') waiting.get(reply.transaction ?? '')?.(reply);
  });
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener('open', () => resolve());
    socket.addEventListener('error', () => reject(new Error('Janus does not answer')));
  });

  const ask = (message: object): Promise<Reply> => {
    const transaction = String((last += 1));
    socket.send(JSON.stringify({ ...message, transaction }));
    return new Promise((resolve, reject) => {
      const limit = setTimeout(
        () => reject(new Error(`Janus has not answered ${JSON.stringify(message)}`)),
        ANSWER_WITHIN_MS,
      );
      waiting.set(transaction, (reply) => {
        clearTimeout(limit);
        waiting.delete(transaction);
        const why = reply.error?.reason ?? reply.plugindata?.data.error;
        if (why === undefined) resolve(reply);
        else reject(new Error(`Janus: ${why}`));
      });
    });
  };
  const { data: session } = await ask({ janus: 'create' });
  return {
    async attach() {
      const plugin = { plugin: 'janus.plugin.videoroom', session_id: session?.id };
      const { data: handle } = await ask({ janus: 'attach', ...plugin });
      const address = { session_id: session?.id, handle_id: handle?.id };
      return async (body, jsep) => {
        const reply = await ask({ janus: 'message', ...address, body, ...(jsep ? { jsep } : {}) });
        return {
          ...(reply.jsep ? { jsep: reply.jsep } : {}),
          ...(reply.plugindata ? { data: reply.plugindata.data } : {}),
        };
      };
    },
    close: () => socket.close(),
  };
}

export type JanusPublisher = { readonly sent: Readonly<Record<'audio' | 'video', SentTimes>>; close(): void };

/** Makes the room, and sends a voice and a camera to it. */
export async function publishToJanus(session: JanusSession, metronome: Metronome): Promise<JanusPublisher> {
  const ask = await session.attach();
  await ask({
    request: 'create',
    room: ROOM,
    publishers: 6,
    audiocodec: 'opus',
    videocodec: 'vp8',
    bitrate: 10_000_000,
  });
  await ask({ request: 'join', ptype: 'publisher', room: ROOM, id: FEED });
  const connection = newConnection();
  const audio = addTrack(connection, { kind: 'audio', codec: 'opus', ssrc: SSRC.audio }, 'audio');
  const video = addTrack(connection, { kind: 'video', codec: 'vp8', ssrc: SSRC.video }, 'video');
  const up = connected(connection);
  connection.setLocalDescription('offer');
  const { jsep } = await ask({ request: 'publish' }, await gathered(connection));
  connection.setRemoteDescription(jsep?.sdp ?? '', 'answer');
  await up;
  await published(ask);
  const send = (packet: Buffer) => void (audio.isOpen() && audio.sendMessageBinary(packet));
  const from = performance.now();
  const streams = {
    audio: createSendingStream({ clip: voiceClip(), payloadType: PAYLOAD_TYPES.opus, ssrc: SSRC.audio, send, from }),
    video: createSendingStream({
      clip: cameraClip('vp8'),
      payloadType: PAYLOAD_TYPES.vp8,
      ssrc: SSRC.video,
      send,
      from,
    }),
  };
  video.onMessage((packet) => {
    if (asksForKeyFrame(packet)) streams.video.restart();
  });
  for (const stream of Object.values(streams)) metronome.add(stream);
  return {
    sent: { audio: streams.audio.sent, video: streams.video.sent },
    close() {
      for (const stream of Object.values(streams)) metronome.remove(stream);
      connection.close();
    },
  };
}

/** Receives both, and counts them or drops them; resolves when it is connected. */
export async function subscribeToJanus(
  session: JanusSession,
  reception: Reception | 'uncounted',
  sent?: JanusPublisher['sent'],
): Promise<{ close(): void }> {
  const ask = await session.attach();
  const { jsep } = await ask({ request: 'join', ptype: 'subscriber', room: ROOM, streams: [{ feed: FEED }] });
  const connection = newConnection();
  const up = connected(connection);
  connection.onTrack((track) => {
    if (reception === 'uncounted') return;
    const kind = track.type() === 'audio' ? 'audio' : 'video';
    const clockRate = kind === 'audio' ? 48_000 : 90_000;
    const take = createStream(reception, { ssrc: undefined, clockRate, sent: sent?.[kind] });
    held.push(track);
    track.onMessage((packet) => take(packet));
  });
  connection.setRemoteDescription(jsep?.sdp ?? '', 'offer');
  await ask({ request: 'start' }, await gathered(connection));
  await up;
  return { close: () => connection.close() };
}

/** Janus knows of the feed a moment after the handshake has ended here, and refuses subscribers until then. */
async function published(ask: Awaited<ReturnType<JanusSession['attach']>>): Promise<void> {
  const deadline = performance.now() + ANSWER_WITHIN_MS;
  for (;;) {
    const { data } = await ask({ request: 'listparticipants', room: ROOM });
    if (data?.participants?.some(({ id, publisher }) => id === FEED && publisher)) return;
    if (performance.now() > deadline) throw new Error('Janus does not know of its publisher');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** A track that is collected falls silent. */
const held: unknown[] = [];

/** The local description once all its candidates are in it. */
async function gathered(connection: PeerConnection): Promise<Jsep> {
  const deadline = performance.now() + ANSWER_WITHIN_MS;
  while (connection.gatheringState() !== 'complete') {
    if (performance.now() > deadline) throw new Error('no candidates were found');
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const { type, sdp } = connection.localDescription() ?? {};
  return { type: type === 'offer' ? 'offer' : 'answer', sdp: sdp ?? '' };
}
