import { type Counts, since } from './stream-counts.ts';

/** How a sent track arrived. `packets` arrived, `lost` did not; both are 0 where no one has said yet. */
export type Received = {
  ms: number;
  packets: number;
  lost: number;
  jitter: number;
  rtt: number;
  bitrate: number;
  /** Share of what was sent; NaN where no one has said yet. */
  loss: number;
};

/**
 * How a sent track arrived, by what its receiver reports. Receiver reports (RFC 3550 §6.4.2) are exact, and browsers send
 * them every second for video, and every 2.5 to 7.5 s for audio. Between two of them, transport-wide feedback tells.
 */
export class Reception {
  /** The counts that came with the last receiver report. */
  #reported: Counts | undefined;

  /** From `before` until `now`. `wayLoss` is the share lost of all packets to that client, 0 or NaN where it does not say. */
  between(before: Counts, now: Counts, wayLoss: number): Received {
    const { ms, bitrate, packets: sent } = since(before, now);
    const { jitter, rtt } = now;
    const seen = { ms, bitrate, jitter, rtt };
    // A round trip is measured anew with each report, and never comes out the same twice.
    if (!Object.is(now.rtt, before.rtt) || now.lost !== before.lost || !Object.is(now.jitter, before.jitter)) {
      const told = since(this.#reported ?? before, now);
      this.#reported = now;
      const packets = Math.max(0, told.packets - told.lost);
      return { ...seen, packets, lost: told.lost, loss: told.lost / (packets + told.lost) };
    }
    // 0 is also what is said where there is no such feedback.
    if (!(wayLoss > 0)) return { ...seen, packets: 0, lost: 0, loss: Number.NaN };
    return { ...seen, packets: sent * (1 - wayLoss), lost: sent * wayLoss, loss: wayLoss };
  }

  /** What was reported is of no use for what comes. */
  reset(): void {
    this.#reported = undefined;
  }
}
