/** Beacons of quality as the SDK sends them every two seconds, of somebody in a call. */

const SAMPLE_SECONDS = 2;

export type CallBeacon = {
  readonly session: string;
  /** Milliseconds since the epoch. */
  readonly sentAt: number;
  /** Numbers of the samples begin here; each beacon brings `samplesOf(remotes)` of them. */
  readonly firstSequence: number;
  /** Others whose sound and video are received. */
  readonly remotes: number;
};

/** One of the connection, two of what is sent, and two for each remote. */
export function samplesOf(remotes: number): number {
  return 3 + 2 * remotes;
}

/** What POST /v1/qoe/beacons takes. */
export function callBeacon({ session, sentAt, firstSequence, remotes }: CallBeacon): object {
  let seq = firstSequence;
  const head = () => ({ seq: seq++, at: sentAt - 5, ms: SAMPLE_SECONDS * 1000 });
  const samples: object[] = [
    { kind: 'session', ...head(), rtt: 31.5, candidateType: 'host', protocol: 'udp', available: 2_400_000 },
    { kind: 'send', track: track(session, 0), ...head(), bitrate: 33_120, packets: 100, lost: 1, jitter: 4, rtt: 32 },
    {
      ...{ kind: 'send', track: track(session, 1), ...head(), bitrate: 1_512_345, packets: 310, lost: 2, jitter: 5 },
      ...{ rtt: 31, fps: 29.5, width: 1280, height: 720, qp: 34.2, targetBitrate: 1_700_000, sourceFps: 30 },
      ...{ sourceWidth: 1280, sourceHeight: 720, encodeTime: 4.1, limitation: 'none' },
    },
  ];
  for (let remote = 0; remote < remotes; remote += 1) {
    samples.push(
      {
        ...{ kind: 'recv', track: track(session, 10 + remote), ...head(), bitrate: 32_410, packets: 100, lost: 0 },
        ...{ jitter: 3.25, buffer: 41.5, concealed: 0.002, discarded: 0 },
      },
      {
        ...{ kind: 'recv', track: track(session, 20 + remote), ...head(), bitrate: 612_300, packets: 140, lost: 1 },
        ...{ jitter: 6.5, fps: 29.5, width: 640, height: 360, qp: 41.25, buffer: 52, frozen: 0, freezes: 0 },
        ...{ decodeTime: 1.8, wantedWidth: 640, wantedHeight: 360 },
      },
    );
  }
  return { v: 1, session, sentAt, samples };
}

/** As long as a producer's id. */
function track(session: string, index: number): string {
  return session.slice(0, 32) + String(index).padStart(4, '0');
}
