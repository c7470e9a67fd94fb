/**
 * What ticks tell of everyone: how loud they are, who speaks, and how good their connections are; and of which of it the
 * application hears.
 */
import type { TickFrame } from '../../src/signaling/wire.ts';
import type { Participant, RoomEvents } from './api.ts';
import type { Levels } from './levels.ts';
import type { LocalParticipantView } from './local-participant.ts';
import type { Others } from './others.ts';

type HearingEvent = 'levels' | 'activeSpeakerChanged' | 'qualityChanged';

export type HearingOptions = {
  levels: Levels;
  self: LocalParticipantView;
  others: Others;
  emit: <Name extends HearingEvent>(event: Name, value: RoomEvents[Name]) => void;
};

export type Hearing = {
  readonly speaker: Participant | undefined;
  /** What has changed. */
  take(frame: TickFrame): void;
  /** The whole state, of which nothing was told yet. */
  begin(tick: TickFrame, others: () => void): void;
  /** The whole state, which `after` gives participants to; tells what differs from before. */
  reset(tick: TickFrame, after?: () => void): void;
  tellQuality(participant: Participant | undefined): void;
};

export function createHearing({ levels, self, others, emit }: HearingOptions): Hearing {
  const byIndex = (index: number) => (index === self.index ? self : others.byIndex(index));
  const everyone = (): Participant[] => [...others.participants.values(), self];

  const hearing: Hearing = {
    get speaker() {
      return levels.speaker === undefined ? undefined : byIndex(levels.speaker);
    },
    take(frame) {
      const { changed, qualityChanged, speakerChanged } = levels.apply(frame);
      const heard = changed.map((index) => byIndex(index)).filter((one) => one !== undefined);
      if (heard.length > 0) emit('levels', heard);
      // One's own comes as an event, with its reason.
      for (const index of qualityChanged) hearing.tellQuality(others.byIndex(index));
      if (speakerChanged) emit('activeSpeakerChanged', hearing.speaker);
    },
    begin(tick, arrive) {
      levels.reset(tick);
      arrive();
      if (levels.speaker !== undefined) emit('activeSpeakerChanged', hearing.speaker);
    },
    reset(tick, after = () => undefined) {
      const { speaker } = hearing;
      const before = new Map(everyone().map((one) => [one, one.quality]));
      levels.reset(tick);
      after();
      for (const [one, quality] of before) if (one.quality !== quality) hearing.tellQuality(one);
      emit('levels', everyone());
      if (hearing.speaker !== speaker) emit('activeSpeakerChanged', hearing.speaker);
    },
    tellQuality(participant) {
      if (participant !== undefined) emit('qualityChanged', { participant, level: participant.quality });
    },
  };
  return hearing;
}
