import type { JSX } from 'preact';

import { LEVELS, type Level } from '../../../src/qoe/level.ts';
import type { Place } from '../../../src/qoe/causes.ts';
import { DownIcon, type Icon, MachineIcon, SourceIcon, UpIcon } from '../ui/icons.tsx';
import type { Cause } from './answers.ts';
import * as words from './words.ts';

/** From the worst to the best, as they are always shown. */
export const SHOWN_LEVELS = LEVELS;

/** How many bars of three are full. */
const BARS: Record<Level, number> = { lost: 0, poor: 1, good: 2, excellent: 3 };

/** A level as a sign that needs no colour: one, two or three bars, and a cross for none. Words stand beside it or in `label`. */
export function LevelMark({ level, label }: { level: Level | undefined; label?: string }): JSX.Element {
  const full = level === undefined ? 0 : BARS[level];
  return (
    <svg
      class="level-mark"
      viewBox="0 0 16 16"
      data-level={level ?? 'unknown'}
      focusable="false"
      {...(label === undefined ? { 'aria-hidden': true } : { role: 'img', 'aria-label': label })}
    >
      {level === 'lost' ? (
        <path class="level-cross" d="m3.500 3.500 9 9m0-9-9 9" />
      ) : (
        [0, 1, 2].map((bar) => (
          <rect
            key={bar}
            class={bar < full ? 'level-bar' : 'level-bar level-bar-empty'}
            x={1 + bar * 5}
            y={10.5 - bar * 4.5}
            width="4"
            height={4.5 + bar * 4.5}
            rx="1.2"
          />
        ))
      )}
    </svg>
  );
}

/** A level as sign and word. */
export function LevelBadge({ level }: { level: Level | undefined }): JSX.Element {
  return (
    <span class="level-badge" data-level={level ?? 'unknown'}>
      <LevelMark level={level} />
      {level ?? 'not scored yet'}
    </span>
  );
}

/** How many there are of each level, as a bar. The numbers in words are for those who do not see it. */
export function LevelShares(props: { counts: Record<Level, number>; describe: (level: Level) => string }): JSX.Element {
  const { counts, describe } = props;
  const present = SHOWN_LEVELS.filter((level) => counts[level] > 0);
  return (
    <div class="level-shares" role="img" aria-label={present.map(describe).join(', ') || 'nothing'}>
      {present.map((level) => (
        <span key={level} class="level-share" data-level={level} style={{ flexGrow: counts[level] }} />
      ))}
    </div>
  );
}

export const PLACE_ICONS: Record<Place, Icon> = {
  uplink: UpIcon,
  downlink: DownIcon,
  source: SourceIcon,
  receiver: MachineIcon,
};

export const PLACE_NAMES: Record<Place, string> = {
  uplink: 'Uplink',
  downlink: 'Downlink',
  source: 'Source',
  receiver: 'Receiver',
};

type CauseLineProps = { cause: Pick<Cause, 'place' | 'text'>; short?: boolean };

/** Whose it is and what it is: an arrow, "Uplink", and the cause in words. Where it is `short`, the arrow says whose. */
export function CauseLine({ cause, short = false }: CauseLineProps): JSX.Element {
  const Glyph = PLACE_ICONS[cause.place];
  return (
    <span class="cause" data-place={cause.place}>
      <Glyph />
      <strong class={short ? 'visually-hidden' : undefined}>{PLACE_NAMES[cause.place]}</strong>{' '}
      <span class="cause-text">{cause.text}</span>
    </span>
  );
}

/** "since 14:02:31 (45 s)" */
export function Since({ since, now }: { since: number; now: number }): JSX.Element {
  return (
    <span class="since">
      since <time dateTime={new Date(since).toISOString()}>{words.moment(since, now)}</time> (
      {words.duration(now - since)})
    </span>
  );
}
