/** Session descriptions as text: bounded first, and then parsed by the library. */
import { parse, parseParams, type SessionDescription } from 'sdp-transform';

import { read, type Reading, refuse } from './reading.ts';

/** Browsers write some 150 lines for each section; the longest lines are stream ids and parameter sets. */
const MAX_LINES = 8000;
const MAX_LINE = 2048;
const MAX_SECTIONS = 128;
/** RFC 8866 §5: a type of one letter, and no space around the equals sign. */
const LINE = /^[a-z]=[^\s]/u;
/** What stands in the answer must be text of one line. */
const PARAMETER_NAME = /^[A-Za-z0-9_.-]{1,64}$/u;
const PARAMETER_VALUE = /^[\x20-\x3a\x3c-\x7e]{1,256}$/u;

/** The parameters of a format, as ORTC has them. */
export type FormatParameters = Record<string, string | number>;

/** A whole description: its `v=` line, and one section at least. */
export function parseDescription(sdp: string): Reading<SessionDescription> {
  const lines = linesOf(sdp);
  if (lines === undefined) return refuse('malformed-sdp', 'A line is too long, or there are too many of them.');
  if (lines[0] !== 'v=0') return refuse('malformed-sdp', 'The first line is not v=0.');
  const wrong = lines.find((line) => !LINE.test(line) && line !== 's= ');
  if (wrong !== undefined) return refuse('malformed-sdp', `${JSON.stringify(wrong.slice(0, 32))} is no line of SDP.`);
  const sections = lines.filter((line) => line.startsWith('m=')).length;
  if (sections === 0) return refuse('malformed-sdp', 'There is no m= line.');
  if (sections > MAX_SECTIONS) return refuse('malformed-sdp', `There are more than ${MAX_SECTIONS} m= lines.`);
  return read(parse(sdp));
}

/** A fragment (RFC 8840 §9): attributes, and m= lines with theirs. */
export function parseFragment(sdp: string): Reading<Omit<SessionDescription, 'origin' | 'timing' | 'name'>> {
  const lines = linesOf(sdp);
  if (lines === undefined) return refuse('malformed-sdp', 'A line is too long, or there are too many of them.');
  if (lines.length === 0) return refuse('malformed-sdp', 'The fragment is empty.');
  const wrong = lines.find((line) => !/^[am]=[^\s]/u.test(line));
  if (wrong !== undefined) {
    return refuse('malformed-sdp', `${JSON.stringify(wrong.slice(0, 32))} is no line of an SDP fragment.`);
  }
  return read(parse(sdp));
}

/** `a=fmtp` as an object, without what could not stand in a line of SDP. */
export function formatParameters(config: string): FormatParameters {
  const parameters: FormatParameters = {};
  for (const [name, value] of Object.entries(parseParams(config))) {
    if (!PARAMETER_NAME.test(name) || value === undefined || !PARAMETER_VALUE.test(text(value))) continue;
    // Three bytes in hexadecimal, though there may be no letter among them (RFC 6184 §8.1).
    parameters[name] = name === 'profile-level-id' ? text(value) : value;
  }
  return parameters;
}

/** The reverse of `formatParameters`. */
export function formatConfig(parameters: Readonly<Record<string, unknown>>): string {
  return Object.entries(parameters)
    .map(([name, value]) => `${name}=${String(value)}`)
    .join(';');
}

/** A value of the library's, which makes numbers of text that looks like them, whatever its types say. */
export function text(value: string | number | undefined): string {
  return value === undefined ? '' : String(value);
}

/** The lines without the last one's empty rest; undefined where there are too many, or one is too long. */
function linesOf(sdp: string): string[] | undefined {
  const lines = sdp.split(/\r\n|\r|\n/u, MAX_LINES + 1);
  if (lines.length > MAX_LINES) return undefined;
  while (lines.at(-1) === '') lines.pop();
  return lines.some((line) => line.length > MAX_LINE) ? undefined : lines;
}
