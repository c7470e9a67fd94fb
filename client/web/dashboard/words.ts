/** How numbers and times are said. */

const number = (digits: number) => new Intl.NumberFormat('en', { maximumFractionDigits: digits });
const whole = number(0);
const tenth = number(1);
const exactTenth = new Intl.NumberFormat('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 });

/** What stands where nothing is known. */
export const UNKNOWN = '–';

type Value = number | null | undefined;
const known = (value: Value): value is number => typeof value === 'number' && Number.isFinite(value);

/** A score, 1 to 5: "4.3". */
export function score(value: Value): string {
  return known(value) ? exactTenth.format(value) : UNKNOWN;
}

/** bit/s: "1.2 Mbit/s", "860 kbit/s". */
export function bitrate(value: Value): string {
  if (!known(value)) return UNKNOWN;
  if (value >= 999_500) return `${tenth.format(value / 1e6)} Mbit/s`;
  return value >= 1000 || value === 0 ? `${whole.format(value / 1000)} kbit/s` : `${whole.format(value)} bit/s`;
}

/** A share, 0 to 1: "8 %", and below ten percent "0.4 %". */
export function percent(value: Value): string {
  if (!known(value)) return UNKNOWN;
  return `${(value < 0.0995 ? tenth : whole).format(value * 100)} %`;
}

/** ms: "31 ms", "1.4 s". */
export function milliseconds(value: Value): string {
  if (!known(value)) return UNKNOWN;
  return value < 1000 ? `${whole.format(value)} ms` : `${tenth.format(value / 1000)} s`;
}

/** A length of time in ms, as coarse as one needs it: "45 s", "3 min 20 s", "1 h 05 min". */
export function duration(value: Value): string {
  if (!known(value)) return UNKNOWN;
  const seconds = Math.max(0, Math.round(value / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10 && seconds % 60 > 0) return `${minutes} min ${seconds % 60} s`;
  if (minutes < 60) return `${minutes} min`;
  const [hours, left] = [Math.floor(minutes / 60), minutes % 60];
  return left === 0 ? `${hours} h` : `${hours} h ${String(left).padStart(2, '0')} min`;
}

export function count(value: number, one: string, many = `${one}s`): string {
  return `${whole.format(value)} ${value === 1 ? one : many}`;
}

const CLOCK = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const SHORT_CLOCK = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const DAY = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });
const DAY_AND_YEAR = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });

/** A moment, ms since the epoch, in the reader's time zone: "14:02:31". */
export function clock(at: number): string {
  return CLOCK.format(at);
}

/** "14:02" */
export function shortClock(at: number): string {
  return SHORT_CLOCK.format(at);
}

/** A moment with its day, which is left out where it is that of `now`: "14:02:31", "21 Nov, 14:02:31". */
export function moment(at: number, now: number): string {
  const [then, today] = [new Date(at), new Date(now)];
  if (then.toDateString() === today.toDateString()) return CLOCK.format(at);
  return `${day(at, now)}, ${CLOCK.format(at)}`;
}

/** "21 Nov", with the year where it is another one than that of `now`. */
export function day(at: number, now: number): string {
  return (new Date(at).getFullYear() === new Date(now).getFullYear() ? DAY : DAY_AND_YEAR).format(at);
}

/** Points of a score: "0.8", and "less than 0.1". */
export function points(value: number): string {
  return value < 0.05 ? 'less than 0.1' : exactTenth.format(value);
}
