/** What an encoder sends: two seconds of H.264 and Opus, made by media/make.py, over and over. */
import { readFileSync } from 'node:fs';

const START = Buffer.from([0, 0, 1]);

/** Access units in Annex B form, ten a second; the first one is a key frame. */
export function pictures(): Buffer[] {
  const units: Buffer[] = [];
  const stream = read('clip.h264');
  // A start code of four bytes is one of three behind a zero.
  const starts: { from: number; type: number }[] = [];
  for (let at = stream.indexOf(START); at >= 0; at = stream.indexOf(START, at + START.length)) {
    starts.push({ from: stream[at - 1] === 0 ? at - 1 : at, type: stream[at + START.length]! & 0x1f });
  }
  let unit = 0;
  for (const [at, { type }] of starts.entries()) {
    // Of one slice each: with it, the access unit is complete.
    if (type !== 1 && type !== 5) continue;
    const end = starts[at + 1]?.from ?? stream.length;
    units.push(stream.subarray(unit, end));
    unit = end;
  }
  return units;
}

/** Packets of 20 ms at 48 kHz. */
export function sounds(): Buffer[] {
  const packets: Buffer[] = [];
  const stream = read('clip.opus');
  for (let at = 0; at < stream.length; at += 2 + stream.readUInt16BE(at)) {
    packets.push(stream.subarray(at + 2, at + 2 + stream.readUInt16BE(at)));
  }
  return packets;
}

function read(name: string): Buffer {
  return readFileSync(new URL(`../media/${name}`, import.meta.url));
}
