/**
 * What a client's transport-wide feedback says of loss on its way. The worker goes on telling the last that it heard, and
 * where nothing but sound goes out, nothing more is heard: a share that has not moved by a hair was told before. Pure.
 */
export class WayLoss {
  #last = Number.NaN;

  /** The share of packets that were lost of late as the worker says it; NaN where that is nothing new, or nothing. */
  told(loss: number | undefined): number {
    const isNews = loss !== undefined && (loss === 0 || loss !== this.#last);
    this.#last = loss ?? Number.NaN;
    return isNews ? loss : Number.NaN;
  }
}
