/** What can cost quality, whose it is, and how it is said. */

/**
 * Where a cause lies: the network from the sender to the server, that from the server to the receiver, what was sent
 * (camera, encoder, the sender's machine), or the machine that receives.
 */
export const PLACES = ['uplink', 'downlink', 'source', 'receiver'] as const;
export type Place = (typeof PLACES)[number];

/** The causes; a cause's number is its place in this table, and stored: add at the end, take none away. */
export const CAUSES = [
  { id: 'loss-up', place: 'uplink' },
  { id: 'loss-down', place: 'downlink' },
  { id: 'jitter-up', place: 'uplink' },
  { id: 'jitter-down', place: 'downlink' },
  { id: 'delay-up', place: 'uplink' },
  { id: 'delay-down', place: 'downlink' },
  { id: 'freezes-up', place: 'uplink' },
  { id: 'freezes-down', place: 'downlink' },
  { id: 'freezes-source', place: 'source' },
  { id: 'bandwidth-up', place: 'uplink' },
  { id: 'bandwidth-down', place: 'downlink' },
  { id: 'cpu-source', place: 'source' },
  { id: 'frame-rate-source', place: 'source' },
  { id: 'codec-source', place: 'source' },
  { id: 'decoder-receiver', place: 'receiver' },
  { id: 'relay-tcp-up', place: 'uplink' },
  { id: 'relay-tcp-down', place: 'downlink' },
  { id: 'disconnected-up', place: 'uplink' },
  { id: 'disconnected-down', place: 'downlink' },
  { id: 'late-source', place: 'source' },
] as const satisfies readonly { readonly id: string; readonly place: Place }[];

export type CauseId = (typeof CAUSES)[number]['id'];

/** The number of each cause. */
export const CAUSE = Object.fromEntries(CAUSES.map(({ id }, index) => [id, index])) as Readonly<
  Record<CauseId, number>
>;

/** "No cause", where a number has to say it. */
export const NO_CAUSE = -1;

/** Whose a cause's number is. */
export function placeOf(cause: number): Place | undefined {
  return CAUSES[cause]?.place;
}

/** `amount`: the measurement that explains a cause: a share for loss, ms for jitter and delay; NaN where none does. */
export function describeCause(cause: number, amount: number): string {
  const id = CAUSES[cause]?.id;
  const percent = (text: string) => (amount >= 0 ? `${text} ${Math.round(amount * 100)} %` : text);
  const ms = (text: string) => (amount >= 0 ? `${text} ${Math.round(amount)} ms` : text);
  switch (id) {
    case 'loss-up':
      return `${percent('loss')} up`;
    case 'loss-down':
      return `${percent('loss')} down`;
    case 'jitter-up':
      return `${ms('jitter')} up`;
    case 'jitter-down':
      return `${ms('jitter')} down`;
    case 'delay-up':
      return `${ms('delay')} up`;
    case 'delay-down':
      return `${ms('delay')} down`;
    case 'freezes-up':
    case 'freezes-down':
    case 'freezes-source':
      return 'freezes';
    case 'bandwidth-up':
      return 'too little bandwidth up';
    case 'bandwidth-down':
      return 'too little bandwidth down';
    case 'cpu-source':
      return 'CPU-limited encoder';
    case 'frame-rate-source':
      return 'low frame rate at the source';
    case 'codec-source':
      return 'coarse encoding';
    case 'decoder-receiver':
      return 'slow decoder';
    case 'relay-tcp-up':
    case 'relay-tcp-down':
      return 'relay over TCP';
    case 'disconnected-up':
    case 'disconnected-down':
      return 'disconnected';
    case 'late-source':
      return 'late playback';
    case undefined:
      return '';
  }
}
