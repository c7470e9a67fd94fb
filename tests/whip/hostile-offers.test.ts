import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';
import { parse } from 'sdp-transform';
import { Compile } from 'typebox/compile';

import { SluiceError } from '../../src/kernel/errors.ts';
import { checkRtpParameters } from '../../src/media/validate.ts';
import { DtlsParametersSchema, RtpCapabilitiesSchema, RtpParametersSchema } from '../../src/rooms/ortc.ts';
import { answerSection, playerOf } from '../../src/whip/egress.ts';
import { readFragment } from '../../src/whip/ice-fragment.ts';
import { ingestOf } from '../../src/whip/ingest.ts';
import { readOffer } from '../../src/whip/offer.ts';
import { answerTo, CAPABILITIES, OFFERS, offerText } from './support.ts';

const texts = [...OFFERS, 'chromium-play'].map(offerText);
const isRtpParameters = Compile(RtpParametersSchema);
const isDtlsParameters = Compile(DtlsParametersSchema);
const isCapabilities = Compile(RtpCapabilitiesSchema);

/** A real offer with some of its lines lost, doubled, swapped, or with something else in them. */
const mutated = fc
  .tuple(
    fc.constantFrom(...texts),
    fc.array(
      fc.record({
        at: fc.nat(),
        to: fc.nat(),
        how: fc.constantFrom('drop', 'double', 'move', 'garble', 'number', 'splice'),
        with: fc.string({ unit: 'binary', maxLength: 40 }),
      }),
      { minLength: 1, maxLength: 12, size: 'max' },
    ),
  )
  .map(([text, changes]) => {
    const lines = text.split('\r\n');
    for (const { at, to, how, with: junk } of changes) {
      const place = at % lines.length;
      const line = lines[place] ?? '';
      if (how === 'drop') lines.splice(place, 1);
      else if (how === 'double') lines.splice(to % lines.length, 0, line);
      else if (how === 'move') lines.splice(to % lines.length, 0, ...lines.splice(place, 1));
      else if (how === 'garble') lines[place] = line.slice(0, to % (line.length + 1)) + junk;
      else if (how === 'number') lines[place] = line.replace(/\d+/u, String(to * 1_000_003));
      else lines[place] = line.slice(0, to % (line.length + 1)) + junk + line.slice(to % (line.length + 1));
    }
    return lines.join('\r\n');
  });

test('whatever is offered yields a value: parameters that fit their schemas, or a refusal', () => {
  let taken = 0;
  fc.assert(
    fc.property(fc.oneof({ weight: 6, arbitrary: mutated }, fc.string({ unit: 'binary' })), (text) => {
      const offer = readOffer(text);
      if (!offer.ok) return;
      assert.ok(isDtlsParameters.Check(offer.value.dtls));
      const ingest = ingestOf(offer.value, CAPABILITIES);
      if (ingest.ok) {
        taken += 1;
        for (const { kind, rtpParameters } of ingest.value.tracks) {
          assert.ok(isRtpParameters.Check(rtpParameters), JSON.stringify(isRtpParameters.Errors(rtpParameters)[0]));
          assert.doesNotThrow(() => enginesCheck(() => checkRtpParameters(kind, rtpParameters, CAPABILITIES)));
        }
        noStrangersIn(answerTo(offer.value, ingest.value.sections), offer.value.sections.length);
      }
      const player = playerOf(offer.value, CAPABILITIES);
      if (player.ok) {
        assert.ok(isCapabilities.Check(player.value.rtpCapabilities));
        const sections = player.value.sections.map((one) => answerSection(one, undefined, CAPABILITIES));
        noStrangersIn(answerTo(offer.value, sections), offer.value.sections.length);
      }
    }),
    { numRuns: 3000 },
  );
  assert.ok(taken > 100, `only ${taken} offers were taken`);
});

test('whatever stands in a fragment yields a value', () => {
  const fragment = fc.tuple(mutated, fc.boolean()).map(([text, whole]) =>
    whole
      ? text
      : text
          .split('\r\n')
          .filter((line) => /^[am]=/u.test(line))
          .join('\r\n'),
  );
  fc.assert(
    fc.property(fragment, (text) => {
      const reading = readFragment(text);
      if (reading.ok && reading.value !== undefined) assert.match(reading.value.password, /^[\x21-\x7e]+$/u);
    }),
    { numRuns: 500 },
  );
});

test('64 KiB that cost most to read are read within a second', () => {
  const head = 'v=0\r\ns=-\r\n';
  const long = [
    `${head}${'m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:x\r\n'.repeat(1200)}`,
    `${head}m=video 9 UDP/TLS/RTP/SAVPF ${Array.from({ length: 500 }, (_, at) => at % 128).join(' ')}\r\na=mid:0\r\na=rtcp-mux\r\n${'a=rtpmap:1 a/1\r\n'.repeat(3500)}`,
    `${head}m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\na=rtcp-mux\r\n${`a=candidate:${'1 '.repeat(1000)}\r\n`.repeat(30)}`,
    `${head}m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\na=rtcp-mux\r\n${`a=ssrc:1 ${'x'.repeat(2000)}\r\n`.repeat(30)}`,
    `${head}m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\na=rtcp-mux\r\n${`a=fmtp:96 ${'a=b;'.repeat(500)}\r\n`.repeat(30)}`,
    `${head}m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\na=rtcp-mux\r\n${`a=imageattr:96 send ${'[x=1] '.repeat(300)}\r\n`.repeat(30)}`,
  ];
  for (const text of long) {
    const before = performance.now();
    readOffer(text.slice(0, 64 * 1024));
    assert.ok(performance.now() - before < 1000, text.slice(0, 80));
  }
});

/** The engine may refuse what means nothing together; it may not be surprised. */
function enginesCheck(check: () => unknown): void {
  try {
    check();
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
  }
}

/** An answer is one that can be read, has a section for each of the offer's, and no line that could not be one. */
function noStrangersIn(answer: string, sections: number): void {
  assert.equal(parse(answer).media.length, sections);
  for (const line of answer.trimEnd().split('\r\n')) assert.match(line, /^[a-z]=[\x20-\x7e]+$/u);
}
