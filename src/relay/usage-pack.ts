/**
 * What a thread tells of relayed bytes, as a list of texts and one of numbers: a message of a flood's hundreds of ended
 * allocations costs the threads a tenth of what as many objects would.
 */
import type { Usage } from '../turn/events.ts';
import type { EndedAllocation, UsageShare } from './control.ts';

/** Copied as it is from thread to thread. */
export type PackedUsage = {
  /** Of each record: the identity, then the cause of the end. */
  readonly texts: readonly string[];
  /** Of each record, RECORD numbers: see `add`. */
  readonly numbers: Float64Array;
};

/** What an allocation has relayed since the thread last spoke of it, and how it has ended, if it has. */
export type UsageRecord = UsageShare & { readonly ended: EndedAllocation | undefined };

const TRANSPORTS = ['udp', 'tcp', 'tls'] as const;
/** Flags, the share, then of an allocation that has ended the transport, since, until, and all that it has relayed. */
const RECORD = 12;
const NEW = 1;
const ENDED = 2;
const SHARE = 1;
const TRANSPORT = 5;
const SINCE = 6;
const UNTIL = 7;
const ALL = 8;

/** Gathers records until they are taken. */
export class UsagePack {
  #texts: string[] = [];
  #numbers: number[] = [];

  /** Records that have been gathered. */
  get size(): number {
    return this.#texts.length / 2;
  }

  add({ identity, usage, isNew, ended }: UsageRecord): void {
    this.#texts.push(identity, ended?.cause ?? '');
    this.#numbers.push((isNew ? NEW : 0) | (ended === undefined ? 0 : ENDED));
    this.#addUsage(usage);
    this.#numbers.push(TRANSPORTS.indexOf(ended?.transport ?? 'udp'), ended?.since ?? 0, ended?.until ?? 0);
    this.#addUsage(ended?.usage ?? usage);
  }

  take(): PackedUsage {
    const packed = { texts: this.#texts, numbers: Float64Array.from(this.#numbers) };
    this.#texts = [];
    this.#numbers = [];
    return packed;
  }

  #addUsage({ packetsUp, bytesUp, packetsDown, bytesDown }: Usage): void {
    this.#numbers.push(packetsUp, bytesUp, packetsDown, bytesDown);
  }
}

/** The records again, in their order. */
export function unpackUsage({ texts, numbers }: PackedUsage): UsageRecord[] {
  return Array.from({ length: texts.length / 2 }, (_, record) => {
    const [identity = '', cause = ''] = texts.slice(2 * record, 2 * record + 2);
    const at = RECORD * record;
    const flags = numbers[at]!;
    const share = { identity, usage: usageAt(numbers, at + SHARE), isNew: (flags & NEW) !== 0 };
    if ((flags & ENDED) === 0) return { ...share, ended: undefined };
    const transport = TRANSPORTS[numbers[at + TRANSPORT]!] ?? 'udp';
    const [since = 0, until = 0] = [numbers[at + SINCE], numbers[at + UNTIL]];
    return { ...share, ended: { identity, transport, cause, since, until, usage: usageAt(numbers, at + ALL) } };
  });
}

function usageAt(numbers: Float64Array, at: number): Usage {
  const [packetsUp = 0, bytesUp = 0, packetsDown = 0, bytesDown = 0] = numbers.subarray(at, at + 4);
  return { packetsUp, bytesUp, packetsDown, bytesDown };
}
