/**
 * What runs in the page: it drives the SDK, and reads what the browser has received, from the statistics of its
 * receivers and from the pixels that its elements show.
 */
import type {
  CameraOptions,
  E2eeKeys,
  E2eeOptions,
  Join,
  JoinOptions,
  RemoteTrack,
  Room,
  RoomEventName,
  RoomEvents,
  Source,
} from '../../../client/sdk/api.ts';

/** What the room has told. */
export type Happening = { event: RoomEventName; identity?: string; source?: Source; value?: string; at: number };

/** What a video element shows: its size, the frames so far, and a checksum of the pixels. */
export type Picture = { width: number; height: number; frames: number; pixels: number };

/** What the browser has received and decoded of one track. */
export type Reception = {
  /** Changes when another receiver takes over, which starts counting anew. */
  receiver: string;
  bytes: number;
  frames: number;
  width: number;
  height: number;
  energy: number;
  samples: number;
  /** Of the samples, those that were made up where something was missing, silence left out. */
  concealed: number;
  /** Undefined for sound. */
  shown?: Picture;
};

/** A way that media takes: the kind of the page's own candidate, by which protocol it reaches its relay, and the peer. */
export type Path = { local: string | undefined; relayProtocol: string | undefined; remote: string | undefined };

/** What has been sent of one layer of a camera, and encoded of it. */
export type SentLayer = { bytes: number; frames: number; width: number; active: boolean };

export type Kit = ReturnType<typeof installKit>;

declare global {
  /** In pages of the tests, by `installKit`. */
  var kit: Kit;
}

/**
 * Puts `kit` into the page. It has to run before the page's own scripts, and its text is all of it that reaches the
 * page: nothing from around it can be used here.
 */
export function installKit() {
  const happenings: Happening[] = [];
  const violations: string[] = [];
  const connections: RTCPeerConnection[] = [];
  const elements = new Map<RemoteTrack, HTMLMediaElement>();
  let joined: Room | undefined;
  let keys: E2eeKeys | undefined;
  let still = false;

  const canvas = document.createElement('canvas');
  canvas.width = 16;
  canvas.height = 9;
  const context = canvas.getContext('2d', { willReadFrequently: true });

  globalThis.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(configuration?: RTCConfiguration) {
      super(configuration);
      connections.push(this);
    }
  };
  document.addEventListener('securitypolicyviolation', (event) => {
    violations.push(`${event.effectiveDirective}: ${event.blockedURI}`);
  });

  function room(): Room {
    if (joined === undefined) throw new Error('not joined');
    return joined;
  }

  function follow(followed: Room): void {
    function note<Name extends RoomEventName>(
      event: Name,
      describe: (value: RoomEvents[Name]) => Omit<Happening, 'event' | 'at'>,
    ): void {
      followed.on(event, (value) => {
        happenings.push({ event, ...describe(value), at: Date.now() });
      });
    }
    note('stateChanged', (value) => ({ value }));
    note('mediaStateChanged', (value) => ({ value }));
    note('participantJoined', ({ identity }) => ({ identity }));
    note('participantLeft', ({ participant: { identity }, reason }) => ({ identity, value: reason }));
    for (const event of ['trackAdded', 'trackRemoved', 'trackMuted', 'trackUnmuted'] as const) {
      note(event, ({ participant: { identity }, source }) => ({ identity, source }));
    }
    note('chat', ({ identity, text }) => ({ identity, value: text }));
    note('qualityChanged', ({ participant: { identity }, level }) => ({ identity, value: level }));
    note('problem', ({ code, message }) => ({ value: `${code}: ${message}` }));
    note('encryptionChanged', ({ track, state }) => ({
      ...('participant' in track ? { identity: track.participant.identity } : {}),
      source: track.source,
      value: state,
    }));
    note('mutedByOther', ({ track: { source }, by }) => ({ source, value: by.identity ?? by.kind }));
    note('unmuteRequested', ({ source, by }) => ({ source, value: by.identity ?? by.kind }));
    note('grantsChanged', ({ grants }) => ({ value: grants.publish.join() }));
    note('participantUpdated', ({ identity, name }) => ({ identity, value: name }));
    note('moved', ({ from, room: to }) => ({ value: `${from} to ${to}` }));
    note('kicked', ({ reason }) => ({ value: reason ?? '' }));
    note('closed', ({ code }) => ({ value: code }));
    followed.on('trackAdded', (track) => {
      const element = track.attach();
      // All of them over the whole page: in sight, and too large for a lower layer.
      element.style.cssText = 'position: fixed; inset: 0; width: 100vw; height: 100vh';
      elements.set(track, element);
      document.body.append(element);
    });
    followed.on('trackRemoved', (track) => {
      for (const element of track.detach()) element.remove();
      elements.delete(track);
    });
  }

  /** FNV-1a. */
  function checksum(bytes: ArrayLike<number>): number {
    let hash = 0x811c9dc5;
    for (let index = 0; index < bytes.length; index += 1) hash = Math.imul(hash ^ (bytes[index] ?? 0), 0x01000193);
    return hash >>> 0;
  }

  function picture(video: HTMLVideoElement): Picture {
    context?.drawImage(video, 0, 0, canvas.width, canvas.height);
    const pixels = context?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
    return {
      width: video.videoWidth,
      height: video.videoHeight,
      frames: video.getVideoPlaybackQuality().totalVideoFrames,
      pixels: checksum(pixels),
    };
  }

  function inboundOf(stats: RTCStatsReport): RTCInboundRtpStreamStats[] {
    return [...stats.values()].filter(({ type }) => type === 'inbound-rtp') as RTCInboundRtpStreamStats[];
  }

  /** The pair of candidates that a connection uses. */
  function pathOf(stats: RTCStatsReport): Path[] {
    const all = [...stats.values()] as ({ id: string; type: string } & Record<string, string | undefined>)[];
    const find = (id: string | undefined) => all.find((one) => one.id === id);
    return all
      .filter(({ type }) => type === 'transport')
      .map(({ selectedCandidatePairId }) => {
        const pair = find(selectedCandidatePairId);
        const [local, remote] = [find(pair?.['localCandidateId']), find(pair?.['remoteCandidateId'])];
        return {
          local: local?.['candidateType'],
          relayProtocol: local?.['relayProtocol'],
          remote: remote && `${remote['address']}:${remote['port']}`,
        };
      });
  }

  const kit = {
    /**
     * Joins, and attaches every track; gives the code with which it failed, or null. `secret`: media is encrypted end to
     * end with it; `next` takes its place when somebody has left.
     */
    async join(token: string, options: JoinOptions, secret?: string, next?: string): Promise<string | null> {
      const sdk = '/sdk/sluice.js';
      const { join, createE2eeKeys } = (await import(sdk)) as { join: Join; createE2eeKeys: () => E2eeKeys };
      keys = secret === undefined ? undefined : createE2eeKeys();
      keys?.setShared(secret ?? '');
      const nextKey: E2eeOptions['nextKey'] = async ({ reason }) =>
        reason === 'left' && next !== undefined ? { key: next, index: 1 } : undefined;
      const e2ee = keys === undefined ? {} : { e2ee: { keys, nextKey } };
      try {
        joined = await join(location.origin, token, { ...options, ...e2ee });
      } catch (error) {
        return (error as { code: string }).code;
      }
      follow(joined);
      return null;
    },
    async publish(camera: CameraOptions, microphone: boolean): Promise<void> {
      const { self } = room();
      await Promise.all([self.setCamera(camera), self.setMicrophone(microphone)]);
    },
    /** Publishes the microphone alone. */
    async speak(): Promise<void> {
      await room().self.setMicrophone(true);
    },
    /** As if another camera were plugged in, which has this size and no other, and were chosen. */
    async switchCamera(width: number, height: number): Promise<void> {
      const { mediaDevices } = navigator;
      const open = MediaDevices.prototype.getUserMedia.bind(mediaDevices);
      const exactly = { width: { exact: width }, height: { exact: height }, frameRate: 10 };
      mediaDevices.getUserMedia = ({ video, ...rest } = {}) => open({ ...rest, ...(video ? { video: exactly } : {}) });
      await room().self.switchDevice('camera', 'another');
    },
    /** Publishes a camera; gives the codec with which it is sent, or the code with which that failed. */
    async codecOfCamera(): Promise<string> {
      try {
        const track = await room().self.setCamera({ width: 320, height: 180, simulcast: false });
        const stats = [...((await track?.getStats())?.values() ?? [])] as { type: string; mimeType?: string }[];
        return stats.find(({ type, mimeType }) => type === 'codec' && mimeType?.startsWith('video'))?.mimeType ?? '';
      } catch (error) {
        return (error as { code: string }).code;
      }
    },
    setSecret: (secret: string, index: number) => keys?.setShared(secret, index),
    mute: (source: Source) => room().self.mute(source),
    unmute: (source: Source) => room().self.unmute(source),
    async shareScreen(on: boolean): Promise<void> {
      await room().self.setScreen(on);
    },
    /** Shares a screen of this size: some lines of text, and below them things that move. */
    async shareText(width: number, height: number): Promise<void> {
      const screen = document.createElement('canvas');
      Object.assign(screen, { width, height });
      const pen = screen.getContext('2d')!;
      const letters = 'abcdefghijklmnopqrstuvwxyz   ';
      const line = () => Array.from({ length: 60 }, () => letters[Math.floor(Math.random() * letters.length)]).join('');
      pen.fillStyle = 'white';
      pen.fillRect(0, 0, width, height);
      pen.fillStyle = 'black';
      pen.font = '20px sans-serif';
      for (let y = 30; y < height / 2; y += 30) pen.fillText(line(), 8, y);
      let frame = 0;
      const draw = () => {
        if (still) return;
        frame += 1;
        pen.fillStyle = 'white';
        pen.fillRect(0, height / 2, width, height / 2);
        for (let thing = 0; thing < 90; thing += 1) {
          pen.fillStyle = `hsl(${thing * 47} 60% 50%)`;
          const x = (width / 2) * (1 + Math.sin(frame / (9 + (thing % 13)) + thing));
          pen.fillRect(x, height / 2 + ((thing * 37) % (height / 2 - 12)), 12, 12);
        }
      };
      draw();
      setInterval(draw, 66);
      const track = screen.captureStream(15).getVideoTracks()[0]!;
      track.contentHint = 'detail';
      await room().self.publish(track, { source: 'screen' });
    },
    /** Nothing moves on that screen any more, or again. */
    stillText: (now: boolean) => void (still = now),
    say: async (text: string) => (await room().sendChat(text)).text,
    leave: () => room().leave(),
    /** Asks one of what administrators can; gives the code with which it was refused, or null. */
    async administer(act: 'kick' | 'mute' | 'askToUnmute' | 'move', who: string, what: string): Promise<string | null> {
      const { admin } = room();
      const acts = {
        kick: () => admin.kick(who, what),
        mute: () => admin.mute(who, what as Source),
        askToUnmute: () => admin.askToUnmute(who, what as Source),
        move: () => admin.move(who, what),
      };
      try {
        await acts[act]();
        return null;
      } catch (error) {
        return (error as { code: string }).code;
      }
    },
    /** Which sources this page sends, and whether they are muted. */
    sent: () => [...room().self.tracks.values()].map(({ source, muted }) => `${source}${muted ? ' muted' : ''}`),
    setLayers: (identity: string, spatialLayer: number) =>
      room().participants.get(identity)?.tracks.get('camera')?.setLayers({ spatialLayer }),

    /** Gives the element that shows this camera another style, and says whether there is one. */
    style(identity: string, css: string): boolean {
      const track = room().participants.get(identity)?.tracks.get('camera');
      const element = track && elements.get(track);
      if (element === undefined) return false;
      element.style.cssText = css;
      return true;
    },
    /** At the next key press the camera of `identity` gets a window of its own, or loses it. */
    preparePictureInPicture(identity: string, on: boolean): void {
      const track = room().participants.get(identity)?.tracks.get('camera');
      const element = track && elements.get(track);
      const open = () =>
        on ? (element as HTMLVideoElement).requestPictureInPicture() : document.exitPictureInPicture();
      const failed = (error: unknown) => violations.push(String(error));
      document.addEventListener('keydown', () => void open().catch(failed), { once: true });
    },
    pictureInPicture: () => document.pictureInPictureElement !== null,
    /** As if the page's tab went to the background, or came back from there. */
    hidePage(hidden: boolean): void {
      Object.defineProperty(document, 'hidden', { configurable: true, value: hidden });
      document.dispatchEvent(new Event('visibilitychange'));
    },
    pin: (identity: string, pinned: boolean) =>
      room().participants.get(identity)?.tracks.get('camera')?.setPinned(pinned),
    /** Whose cameras the server keeps back from this page. */
    withheld: () =>
      [...room().participants.values()]
        .filter(({ tracks }) => tracks.get('camera')?.withheld === true)
        .map(({ identity }) => identity)
        .toSorted(),
    /** The layers of a picture of one's own, lowest first. */
    async sentLayers(source: 'camera' | 'screen'): Promise<SentLayer[]> {
      const track = room().self.tracks.get(source);
      const stats = [...((await track?.getStats())?.values() ?? [])] as (RTCOutboundRtpStreamStats & {
        active?: boolean;
      })[];
      return stats
        .filter(({ type }) => type === 'outbound-rtp')
        .toSorted((one, other) => (one.rid ?? '').localeCompare(other.rid ?? ''))
        .map(({ bytesSent = 0, headerBytesSent = 0, framesEncoded = 0, frameWidth = 0, active = true }) => ({
          ...{ bytes: bytesSent + headerBytesSent, frames: framesEncoded, width: frameWidth, active },
        }));
    },
    /** Whether the track behind a source of one's own is still there to be sent. */
    isLive: (source: Source) => room().self.tracks.get(source)?.mediaStreamTrack.readyState === 'live',

    /** What this page knows of the room. */
    view() {
      const { state, closeReason, participants, chat, timings } = room();
      const tracks = [...participants.values()].flatMap((who) => [...who.tracks.values()]);
      return {
        name: room().name,
        state,
        closed: closeReason?.code,
        participants: [...participants.keys()],
        qualities: [...participants.values()].map(({ identity, quality }) => `${identity}: ${quality}`),
        tracks: tracks.map(({ participant, source, muted }) => ({ identity: participant.identity, source, muted })),
        chat: chat.map(({ identity, text }) => `${identity}: ${text}`),
        timings: { ...timings },
      };
    },
    happenings: () => happenings,
    /** How the page has offended its own content policy. */
    violations: () => violations,
    /** Undefined while this track is not received. */
    async reception(identity: string, source: Source): Promise<Reception | undefined> {
      const track = room().participants.get(identity)?.tracks.get(source);
      const stats = await track?.getStats();
      const inbound = stats && inboundOf(stats)[0];
      if (track?.mediaStreamTrack === undefined || inbound === undefined) return undefined;
      const element = elements.get(track);
      return {
        receiver: track.mediaStreamTrack.id,
        bytes: inbound.bytesReceived ?? 0,
        frames: inbound.framesDecoded ?? 0,
        width: inbound.frameWidth ?? 0,
        height: inbound.frameHeight ?? 0,
        energy: inbound.totalAudioEnergy ?? 0,
        samples: inbound.totalSamplesReceived ?? 0,
        concealed: (inbound.concealedSamples ?? 0) - (inbound.silentConcealedSamples ?? 0),
        ...(element instanceof HTMLVideoElement ? { shown: picture(element) } : {}),
      };
    },
    picture,
    /** The ways that media takes now: one for each transport. */
    async paths(): Promise<Path[]> {
      const reports = await Promise.all(connections.map((connection) => connection.getStats()));
      return reports.flatMap(pathOf);
    },
    /** Of all pictures that the page receives, for pages that do not hand out their room. */
    async pictureBytes(): Promise<number> {
      const reports = await Promise.all(connections.map((connection) => connection.getStats()));
      return reports
        .flatMap(inboundOf)
        .reduce((sum, { kind, bytesReceived = 0 }) => sum + (kind === 'video' ? bytesReceived : 0), 0);
    },
    /** What has come of the picture that this element shows. */
    async pictureBytesOf(video: HTMLVideoElement): Promise<number> {
      const [shown] = (video.srcObject as MediaStream | null)?.getVideoTracks() ?? [];
      const reports = await Promise.all(connections.map((connection) => connection.getStats()));
      const found = reports.flatMap(inboundOf).find(({ trackIdentifier }) => trackIdentifier === shown?.id);
      return found?.bytesReceived ?? 0;
    },
    /** Of all sound that the page receives, for pages that do not hand out their room. */
    async soundEnergy(): Promise<number> {
      const reports = await Promise.all(connections.map((connection) => connection.getStats()));
      return reports.flatMap(inboundOf).reduce((sum, { totalAudioEnergy = 0 }) => sum + totalAudioEnergy, 0);
    },
  };
  Object.assign(globalThis, { kit });
  return kit;
}
