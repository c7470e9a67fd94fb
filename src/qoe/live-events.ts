/** The kinds of events of the live stream, by the name under which their losses are told. Clients know them, too. */
export const LOST_AS = {
  score: 'scores',
  sample: 'samples',
  'session-started': 'sessions',
  'session-ended': 'sessions',
} as const;
export type LiveEventName = keyof typeof LOST_AS;
export const LIVE_EVENT_NAMES = Object.keys(LOST_AS) as LiveEventName[];
