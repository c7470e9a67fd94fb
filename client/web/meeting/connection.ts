/** What the page says of a connection. Pure. */
import type { Participant, QualityLevel } from '../../sdk/api.ts';

/** Levels that are worth a mark on a tile: who has a good connection need not be told of it. */
export type Trouble = Exclude<QualityLevel, 'good' | 'excellent'>;

export function troubleOf({ quality }: Pick<Participant, 'quality'>): Trouble | undefined {
  return quality === 'poor' || quality === 'lost' ? quality : undefined;
}

/** The mark in words. */
export const TROUBLE_WORDS = {
  poor: 'Poor connection',
  lost: 'Connection lost',
} as const satisfies Record<Trouble, string>;

const OWN_WORDS = {
  poor: 'Your connection is poor.',
  lost: 'Your connection is lost.',
} as const satisfies Record<Trouble, string>;

/** The causes of docs/qoe.md in words for whom they are about, who can do something about some of them. */
const REASONS: Readonly<Record<string, string>> = {
  'loss-up': 'Part of what you send gets lost.',
  'loss-down': 'Part of what is sent to you gets lost.',
  'jitter-up': 'What you send arrives unevenly.',
  'jitter-down': 'What is sent to you arrives unevenly.',
  'delay-up': 'What you send takes long to arrive.',
  'delay-down': 'What is sent to you takes long to arrive.',
  'freezes-up': 'Your picture freezes on its way.',
  'freezes-down': 'Pictures freeze on their way to you.',
  'freezes-source': 'Your camera’s picture freezes.',
  'bandwidth-up': 'Your upload is too slow.',
  'bandwidth-down': 'Your download is too slow.',
  'cpu-source': 'This device is too busy to send your video well.',
  'frame-rate-source': 'Your camera gives few pictures a second.',
  'codec-source': 'Your video is sent coarsely.',
  'decoder-receiver': 'This device is too busy to show the videos well.',
  'relay-tcp-up': 'Your network lets calls through only by a slow way.',
  'relay-tcp-down': 'Your network lets calls through only by a slow way.',
  'disconnected-up': 'The server does not hear you.',
  'disconnected-down': 'The server does not hear you.',
  'late-source': 'Your sound and pictures leave this device late.',
};

/** Why one's own connection is as it is, in a sentence; undefined where the page has no words for it. */
export function reasonOf(cause: string | undefined): string | undefined {
  return cause === undefined ? undefined : REASONS[cause];
}

/** What one is told of one's own trouble: a device that is too slow is not called a connection. */
export function ownTrouble(level: Trouble, cause: string | undefined): string {
  const ofDevice = cause !== undefined && /-(?:source|receiver)$/.test(cause);
  const what = ofDevice ? 'This device holds your call back.' : OWN_WORDS[level];
  const why = reasonOf(cause);
  return why === undefined ? what : `${what} ${why}`;
}
