/**
 * What the tests run inside the page: it stands there before the page's own scripts, as `kit`. It drives the SDK, and
 * reads what the browser has received: statistics of the receivers, and the pixels that elements show.
 */
(() => {
  /** @typedef {import('../../../client/sdk/api.ts').JoinOptions} JoinOptions */
  /** @typedef {import('../../../client/sdk/api.ts').RemoteTrack} RemoteTrack */
  /** @typedef {import('../../../client/sdk/api.ts').Room} Room */
  /** @typedef {import('../../../client/sdk/api.ts').RoomEventName} RoomEventName */
  /** @typedef {import('../../../client/sdk/api.ts').Source} Source */
  /**
   * @template {RoomEventName} Name
   * @typedef {import('../../../client/sdk/api.ts').RoomEvents[Name]} ValueOf
   */
  /** @typedef {{ event: string, identity?: string, source?: string, value?: string, at: number }} Happening */

  /** @type {RTCPeerConnection[]} */
  const connections = [];
  /** @type {Happening[]} */
  const happenings = [];
  /** @type {string[]} */
  const violations = [];
  /** @type {Map<RemoteTrack, HTMLMediaElement>} */
  const elements = new Map();
  /** @type {Room | undefined} */
  let joined;

  const canvas = document.createElement('canvas');
  canvas.width = 16;
  canvas.height = 9;
  const context = canvas.getContext('2d', { willReadFrequently: true });

  globalThis.RTCPeerConnection = class extends RTCPeerConnection {
    /** @param {RTCConfiguration} [configuration] */
    constructor(configuration) {
      super(configuration);
      connections.push(this);
    }
  };
  document.addEventListener('securitypolicyviolation', (event) => {
    violations.push(`${event.effectiveDirective}: ${event.blockedURI}`);
  });

  /** @param {Room} room */
  function follow(room) {
    /**
     * @template {RoomEventName} Name
     * @param {Name} event
     * @param {(value: ValueOf<Name>) => Omit<Happening, 'event' | 'at'>} describe
     */
    const note = (event, describe) => {
      room.on(event, (value) => void happenings.push({ event, ...describe(value), at: Date.now() }));
    };
    note('stateChanged', (value) => ({ value }));
    note('mediaStateChanged', (value) => ({ value }));
    note('participantJoined', ({ identity }) => ({ identity }));
    note('participantLeft', ({ participant: { identity }, reason }) => ({ identity, value: reason }));
    for (const event of /** @type {const} */ (['trackAdded', 'trackRemoved', 'trackMuted', 'trackUnmuted'])) {
      note(event, ({ participant: { identity }, source }) => ({ identity, source }));
    }
    note('chat', ({ identity, text }) => ({ identity, value: text }));
    note('problem', ({ code, message }) => ({ value: `${code}: ${message}` }));
    note('draining', ({ seconds }) => ({ value: String(seconds) }));
    note('closed', ({ code }) => ({ value: code }));
    room.on('trackAdded', (track) => {
      const element = track.attach();
      elements.set(track, element);
      document.body.append(element);
    });
    room.on('trackRemoved', (track) => {
      for (const element of track.detach()) element.remove();
      elements.delete(track);
    });
  }

  function room() {
    if (joined === undefined) throw new Error('not joined');
    return joined;
  }

  /** @param {HTMLVideoElement} video */
  function picture(video) {
    context?.drawImage(video, 0, 0, canvas.width, canvas.height);
    const pixels = context?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
    return {
      width: video.videoWidth,
      height: video.videoHeight,
      frames: video.getVideoPlaybackQuality().totalVideoFrames,
      pixels: pixels.join(),
    };
  }

  const kit = {
    /**
     * Joins and attaches every track; answers the code with which it failed, or null.
     * @param {string} token
     * @param {JoinOptions} [options]
     */
    async join(token, options) {
      const path = '/sdk/sluice.js';
      /** @type {typeof import('../../../client/sdk/sluice.ts')} */
      const { join } = await import(path);
      try {
        joined = await join(location.origin, token, options);
      } catch (error) {
        return /** @type {{ code: string }} */ (error).code;
      }
      follow(joined);
      return null;
    },
    /** @param {{ camera?: object, microphone?: boolean }} what */
    async publish({ camera, microphone = false }) {
      await Promise.all([
        camera === undefined ? undefined : room().self.setCamera(camera),
        microphone ? room().self.setMicrophone(true) : undefined,
      ]);
    },
    /** @param {Source} source */
    mute: (source) => room().self.mute(source),
    /** @param {Source} source */
    unmute: (source) => room().self.unmute(source),
    /** @param {boolean} on */
    setScreen: async (on) => void (await room().self.setScreen(on)),
    /** @param {string} text */
    sendChat: async (text) => (await room().sendChat(text)).text,
    leave: () => room().leave(),
    /** @param {string} identity @param {number} spatialLayer */
    setLayers: (identity, spatialLayer) =>
      room().participants.get(identity)?.tracks.get('camera')?.setLayers({ spatialLayer }),

    /** What this page knows of the room. */
    state() {
      const { state, mediaState, closeReason, participants, chat, timings } = room();
      const tracks = [...participants.values()].flatMap((who) => [...who.tracks.values()]);
      return {
        state,
        mediaState,
        closed: closeReason?.code ?? null,
        participants: [...participants.keys()],
        tracks: tracks.map(({ participant, source, muted }) => ({ identity: participant.identity, source, muted })),
        chat: chat.map(({ identity, text }) => `${identity}: ${text}`),
        timings: { ...timings },
      };
    },
    /** What has happened since the join, oldest first. */
    happenings: () => happenings,
    /** How the page's own content policy was offended. */
    violations: () => violations,
    /**
     * What the browser has decoded of one track; null while it receives none.
     * @param {string} identity
     * @param {Source} source
     */
    async reception(identity, source) {
      const track = room().participants.get(identity)?.tracks.get(source);
      const stats = await track?.getStats();
      if (track === undefined || stats === undefined) return null;
      const element = elements.get(track);
      for (const entry of stats.values()) {
        if (entry.type !== 'inbound-rtp') continue;
        const inbound = /** @type {RTCInboundRtpStreamStats} */ (entry);
        return {
          receiver: track.mediaStreamTrack?.id ?? '',
          muted: track.muted,
          bytes: inbound.bytesReceived ?? 0,
          frames: inbound.framesDecoded ?? 0,
          width: inbound.frameWidth ?? 0,
          height: inbound.frameHeight ?? 0,
          energy: inbound.totalAudioEnergy ?? 0,
          samples: inbound.totalSamplesReceived ?? 0,
          shown: element instanceof HTMLVideoElement ? picture(element) : null,
        };
      }
      return null;
    },
    picture,
    /** The receivers of all the page's connections, for pages that do not hand out their room. */
    async inbound() {
      const reports = await Promise.all(connections.map((connection) => connection.getStats()));
      return reports.flatMap((report) =>
        [...report.values()]
          .filter(({ type }) => type === 'inbound-rtp')
          .map(({ kind, bytesReceived = 0, framesDecoded = 0, totalAudioEnergy = 0 }) => ({
            kind: /** @type {string} */ (kind),
            bytes: /** @type {number} */ (bytesReceived),
            frames: /** @type {number} */ (framesDecoded),
            energy: /** @type {number} */ (totalAudioEnergy),
          })),
      );
    },
  };
  Object.assign(globalThis, { kit });
})();
