/** Which of a room's tracks a player gets. */
import type { MediaKind, Source } from '../rooms/grants.ts';
import type { ProducerId } from '../rooms/ids.ts';

export type Track = { readonly id: ProducerId; readonly kind: MediaKind; readonly source: Source };
/** Somebody's tracks. */
export type Performer = { readonly index: number; readonly joinedAt: number; readonly tracks: readonly Track[] };

/** What is shown of somebody first: the person, and then what they show. */
const ORDER: readonly Source[] = ['camera', 'screen', 'microphone', 'screen-audio'];

/**
 * The track for each section, given by its kind: the active speaker's first, then those of the others as they came.
 * A track is played once; a section for which there is none left gets undefined.
 */
export function assignTracks(
  sections: readonly (MediaKind | undefined)[],
  performers: readonly Performer[],
  speaker: number | null,
): (Track | undefined)[] {
  const first = (one: Performer) => (one.index === speaker ? 0 : 1);
  const tracks = performers
    .toSorted((a, b) => first(a) - first(b) || a.joinedAt - b.joinedAt)
    .flatMap((one) => one.tracks.toSorted((a, b) => ORDER.indexOf(a.source) - ORDER.indexOf(b.source)));
  const left = { audio: tracks.filter(isOf('audio')), video: tracks.filter(isOf('video')) };
  return sections.map((kind) => (kind === undefined ? undefined : left[kind].shift()));
}

function isOf(kind: MediaKind): (track: Track) => boolean {
  return (track) => track.kind === kind;
}
