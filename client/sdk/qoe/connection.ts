/** What reports say of the connection as a whole. Pure. */
import type { FieldsOf } from '../../../src/qoe/fields.ts';
import type { JoinTimings } from '../api.ts';
import { OneWayDelay, type ReportArrival, type RoundTrip } from './one-way-delay.ts';
import type { Report, Stats } from './stats.ts';
import { milliseconds, type Numbers, put } from './values.ts';

type Words = Pick<FieldsOf<'session'>, 'candidateType' | 'protocol'>;
type CandidateType = NonNullable<Words['candidateType']>;
type Protocol = NonNullable<Words['protocol']>;

// Records, so that none of the words can be forgotten; what else a browser may say is left out.
const CANDIDATE_TYPES: Record<CandidateType, true> = { host: true, srflx: true, prflx: true, relay: true };
const PROTOCOLS: Record<Protocol, true> = { udp: true, tcp: true, tls: true };

/** Of the two transports, the receiving one first; where one of them is relayed, that is the way which is told. */
export function measureConnection(recv: Report | undefined, send: Report | undefined): Numbers & Words {
  const sample: Numbers & Words = {};
  const used = [recv, send].filter((one) => one?.pair !== undefined);
  put(sample, 'rtt', milliseconds(used.map((one) => one?.pair?.currentRoundTripTime).find((rtt) => rtt !== undefined)));
  put(sample, 'available', send?.pair?.availableOutgoingBitrate);
  const way = used.find((one) => one?.candidate?.candidateType === 'relay') ?? used[0];
  const { candidateType, protocol, relayProtocol } = way?.candidate ?? {};
  if (isOneOf(candidateType, CANDIDATE_TYPES)) sample.candidateType = candidateType;
  // To the server's relay, which is where this side's network ends.
  const spoken = candidateType === 'relay' ? relayProtocol : protocol;
  if (isOneOf(spoken, PROTOCOLS)) sample.protocol = spoken;
  return sample;
}

/** After so long a receiver report is an old one, ms: they come every second with video, every five without. */
const RECENT = 3000;
/** So much more is another way than the one that was told, ms. */
const LONGER = 40;

/**
 * What either way takes, by reports of the server and round trips to it. A connectivity check does not say when it was
 * answered: it counts from when it is first seen.
 */
export function createWays() {
  const delay = new OneWayDelay();
  let toldDown = Number.NaN;
  let answered: number | undefined;

  function checked(pair: Stats | undefined): RoundTrip | undefined {
    const { currentRoundTripTime, responsesReceived, timestamp } = pair ?? {};
    if (currentRoundTripTime === undefined || timestamp === undefined || responsesReceived === answered)
      return undefined;
    answered = responsesReceived;
    return { rtt: currentRoundTripTime * 1000, at: timestamp };
  }

  function reported(send: Report | undefined): RoundTrip | undefined {
    const { roundTripTime, timestamp } = send?.receiverReport ?? {};
    if (roundTripTime === undefined || timestamp === undefined) return undefined;
    return (send?.pair?.timestamp ?? timestamp) - timestamp < RECENT
      ? { rtt: roundTripTime * 1000, at: timestamp }
      : undefined;
  }

  return {
    /** The next report of the server will say which way has got slow. */
    get undecided() {
      return delay.undecided;
    },
    measure(recv: Report | undefined, send: Report | undefined, into: Numbers): void {
      delay.observe(arrivalOf(recv), reported(send) ?? checked(recv?.pair));
      toldDown = delay.down;
      put(into, 'delayUp', delay.up);
      put(into, 'delayDown', delay.down);
    },
    /** Hears of the server's last report only. True where the way down is longer than was told. */
    hear(recv: Report): boolean {
      delay.observe(arrivalOf(recv), undefined);
      return delay.down - toldDown >= LONGER;
    },
  };
}

function arrivalOf(recv: Report | undefined): ReportArrival | undefined {
  const { remoteTimestamp, timestamp } = recv?.senderReport ?? {};
  if (remoteTimestamp === undefined || timestamp === undefined) return undefined;
  return { sentAt: remoteTimestamp, arrivedAt: timestamp };
}

function isOneOf<Word extends string>(word: string | undefined, words: Record<Word, true>): word is Word {
  return word !== undefined && Object.hasOwn(words, word);
}

/** The steps of a join, each with what it is in the room's timings. */
const STEPS = {
  joinSocket: 'socketOpen',
  joinAnswered: 'joined',
  joinConnected: 'dtlsConnected',
  joinFirstFrame: 'firstFrame',
} as const satisfies Partial<Record<keyof FieldsOf<'session'>, keyof JoinTimings>>;
export type JoinStep = keyof typeof STEPS;

/** Notes those steps that are not in `told` yet, and tells them. */
export function measureJoin(timings: JoinTimings, told: Set<JoinStep>, into: Numbers): void {
  for (const step of Object.keys(STEPS) as JoinStep[]) {
    const took = timings[STEPS[step]];
    if (took === undefined || told.has(step)) continue;
    told.add(step);
    put(into, step, took);
  }
}
